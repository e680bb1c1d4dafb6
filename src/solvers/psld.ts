/**
 * PSLD — Solving linear inverse problems provably via posterior sampling with latent diffusion models (Rout, Raoof, Daras,
 * Caramanis, Dimakis, Shakkottai; arXiv 2307.00619; constants from the official code). Linear A.
 *
 *   ẑ0 = D(z, σ),  x̂0 = decode(ẑ0)                           ẑ0: [N, latents, h, w];  x̂0: [N, C, H, W]
 *   misfit = ‖y − A x̂0‖₂
 *   glue   = ‖ẑ0 − encode(Aᵀy + x̂0 − AᵀA x̂0)‖₂               what was measured replaces its part of the picture
 *   z' = DDIM_η(z, ẑ0; σ → σ') − √((1+σ²)(1+σ'²)) ∇_z (ω·misfit + γ·glue)      through denoiser, decoder and encoder
 *
 * The norms are plain, not squared; the factor carries the update of variance-preserving latents over (latent-guidance.ts).
 * The official code takes the identity for the adjoint of a blur and nearest-neighbour enlargement for that of
 * down-sampling (`transpose: "published"`), and adds fresh noise to A x̂0 at each step (`freshNoise`).
 */
import * as z from "zod";
import { ddimStep } from "../diffusion/index.ts";
import { adjoint, type Operator } from "../operators/operator.ts";
import { sameShape, type Tensor } from "../tensor/index.ts";
import { guidance, latentParts, latentScale } from "./latent-guidance.ts";
import { descend, levelOptions, noiseLevels } from "./noise-levels.ts";
import { normPerSample } from "./per-sample.ts";
import type { Solver } from "./solver.ts";
import { startAt } from "./warm-start.ts";

const options = z.strictObject({
  ...levelOptions(1000, "ldm"),
  /** ω: weight of the misfit. Official: 1; 0.1 for a box to be filled in. */
  omega: z.number().nonnegative().default(1),
  /** γ: weight of the gluing. Official: 0.1; 0.01 for a box. 0 is latent DPS. */
  gamma: z.number().nonnegative().default(0.1),
  /** `adjoint`: Aᵀ; `pseudo-inverse`: A† in its place, which makes a projection of it; `published`: the official code's maps. */
  transpose: z.enum(["adjoint", "pseudo-inverse", "published"]).default("adjoint"),
  /** Add noise of σ_y to A x̂0, anew in each step, as the official code does. */
  freshNoise: z.boolean().default(false),
  /** Scale ω and γ by √(n/n₀), n₀ = 4·64²: the gradient of a norm has about the same length for latents of any size. */
  anySize: z.boolean().default(false),
  /** DDIM's η. */
  eta: z.number().min(0).max(1).default(0),
  /** Start from the encoded classical estimate plus noise of the first level, instead of from noise alone. */
  warm: z.boolean().default(false),
});

export const psld: Solver<z.output<typeof options>> = {
  name: "psld",
  reference: "PSLD, Rout et al., arXiv 2307.00619",
  needs: { vjp: true, linear: true, latent: true },
  sampler: true,
  options,

  // The box's; for pixels missing at random the defaults (with a prior of faces: 0.1 and 0.1).
  forTask: (task) => (task === "inpaint" ? { omega: 0.1, gamma: 0.01 } : {}),

  schedule: (o) => descend(noiseLevels(o)),

  init: (scope, o) => ({ x: startAt(scope, noiseLevels(o)[0], o.warm) }),

  steps: ({ omega, gamma, transpose, freshNoise, anySize, eta }) => ({
    step({ x }, { denoise, operator, y, sigmaY, scalar, noise }) {
      const { pictures, encode, decode } = latentParts(operator);
      const [sigma, next] = [scalar("sigma"), scalar("next")];
      const x0 = denoise(x, sigma);
      const picture = decode(x0);
      const seen = pictures.apply(picture);
      const residual = normPerSample(y.sub(seen));
      const noisy = () => seen.add(noise("measurement", seen.shape).mul(sigmaY));
      const misfit = (freshNoise ? normPerSample(y.sub(noisy())) : residual).mul(omega);
      const back = transposes[transpose](pictures);
      const glued = () => encode(back(y).add(picture).sub(back(seen)));
      const error = gamma > 0 ? misfit.add(normPerSample(x0.sub(glued())).mul(gamma)) : misfit;
      const scaled = error.sum().mul(anySize ? latentScale(x) : 1);
      const moved = ddimStep(x, x0, sigma, next, noise("z"), eta);
      return { next: { x: moved.add(guidance(x, scaled, sigma, next)) }, estimate: x0, residual };
    },
  }),
};

/** The map from measurements to pictures that stands for Aᵀ. */
const transposes: Readonly<Record<string, (A: Operator) => (y: Tensor) => Tensor>> = {
  adjoint: (A) => (y) => adjoint(A, y),
  "pseudo-inverse": (A) => (y) => A.pseudoInverse?.(y) ?? adjoint(A, y).div(A.normSquared),
  published(A) {
    const [, channels, height, width] = A.domain;
    const [, c, h, w] = A.range;
    if (sameShape(A.domain, A.range)) return (y) => y;
    const enlarges = c === channels && height % h === 0 && width % w === 0;
    return enlarges ? (y) => y.resize({ size: [height, width] }) : (y) => adjoint(A, y);
  },
};
