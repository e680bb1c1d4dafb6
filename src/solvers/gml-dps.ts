/**
 * GML-DPS — the "goodness modified latent" DPS that PSLD builds on (Rout et al., arXiv 2307.00619). Any differentiable A.
 *
 *   ẑ0 = D(z, σ),  x̂0 = decode(ẑ0)                            ẑ0: [N, latents, h, w];  x̂0: [N, C, H, W]
 *   z' = DDIM_η(z, ẑ0; σ → σ') − √((1+σ²)(1+σ'²)) ∇_z ( ω‖y − A(x̂0)‖₂ + γ‖ẑ0 − encode(x̂0)‖₂ )
 *
 * The second term keeps ẑ0 a fixed point of decoding and encoding; PSLD puts the measurement into it as well.
 */
import * as z from "zod";
import { ddimStep } from "../diffusion/index.ts";
import { guidance, latentParts, latentScale } from "./latent-guidance.ts";
import { descend, levelOptions, noiseLevels } from "./noise-levels.ts";
import { normPerSample } from "./per-sample.ts";
import type { Solver } from "./solver.ts";
import { startAt } from "./warm-start.ts";

const options = z.strictObject({
  ...levelOptions(1000, "ldm"),
  /** ω: weight of the misfit, as PSLD's. */
  omega: z.number().nonnegative().default(1),
  /** γ: weight of the fixed point, as PSLD's gluing. */
  gamma: z.number().nonnegative().default(0.1),
  /** Scale ω and γ by √(n/n₀), n₀ = 4·64²: the gradient of a norm has about the same length for latents of any size. */
  anySize: z.boolean().default(false),
  /** DDIM's η. */
  eta: z.number().min(0).max(1).default(0),
  /** Start from the encoded classical estimate plus noise of the first level, instead of from noise alone. */
  warm: z.boolean().default(false),
});

export const gmlDps: Solver<z.output<typeof options>> = {
  name: "gml-dps",
  reference: "GML-DPS, Rout et al., arXiv 2307.00619",
  needs: { vjp: true, linear: false, latent: true },
  sampler: true,
  options,

  schedule: (o) => descend(noiseLevels(o)),

  init: (scope, o) => ({ x: startAt(scope, noiseLevels(o)[0], o.warm) }),

  steps: ({ omega, gamma, anySize, eta }) => ({
    step({ x }, { denoise, operator, y, scalar, noise }) {
      const { pictures, encode, decode } = latentParts(operator);
      const [sigma, next] = [scalar("sigma"), scalar("next")];
      const x0 = denoise(x, sigma);
      const picture = decode(x0);
      const residual = normPerSample(y.sub(pictures.apply(picture)));
      const misfit = residual.mul(omega);
      const error = gamma > 0 ? misfit.add(normPerSample(x0.sub(encode(picture))).mul(gamma)) : misfit;
      const scaled = error.sum().mul(anySize ? latentScale(x) : 1);
      const moved = ddimStep(x, x0, sigma, next, noise("z"), eta);
      return { next: { x: moved.add(guidance(x, scaled, sigma, next)) }, estimate: x0, residual };
    },
  }),
};
