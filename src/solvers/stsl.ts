/**
 * STSL — Second-order Tweedie sampler from Surrogate Loss (Rout, Chen, Kumar, Caramanis, Shakkottai, Chu; arXiv 2312.00852).
 * No official code is public; docs/stsl.md says where the sources are silent and what was chosen.
 *
 *   z⃗0 = E(Aᵀy)                                         the measurement as a latent, [1, C, h, w]
 *   z   ~ p_T(z | z⃗0)                                   noised, or by DDIM inversion, [N, C, h, w]
 *   for each noise level, falling:
 *     K times:   ε ~ N(0, I),  z ← z − ∇L(z)            stochastic averaging
 *                L = λ ‖y − A(𝒟(z̄0))‖ + η/d · εᵀ( s(z+ε) − s(z) )
 *     z ← DDIM(z, s(z)),  η_ddim = 0
 *   return 𝒟(z)
 *
 * z̄0 = E[z0|z] and s = ∇log p_t(z) by Tweedie's formula, 𝒟 the decoder, d the size of z. The second term of L estimates the trace of the
 * Hessian of log p_t, and with it that of Cov[z0|z]: what a plug-in likelihood at the posterior mean leaves out.
 *
 * The paper's z_t is variance preserving. Here z = z_t √(1+σ²), so that its z_t − ∇L is z − (1+σ²)∇L; the curvature term keeps the
 * paper's coordinates (curvature.ts). As in PSLD's code, by the same authors, λ weighs the norm of the residual and not its square.
 *
 * Without an autoencoder 𝒟 and E are the identity: the same formulas in pixel space, where they can be checked against closed forms.
 */
import * as schema from "zod";
import { eulerStep } from "../diffusion/index.ts";
import { ascend, inversionStep } from "./ddim-inversion.ts";
import { backProjections, encodedMeasurement } from "./encoded-measurement.ts";
import { levelOptions, noiseLevels } from "./noise-levels.ts";
import { normPerSample, sumPerSample } from "./per-sample.ts";
import type { Solver, Step } from "./solver.ts";
import { lossOptions, surrogateStep } from "./surrogate-loss.ts";

const options = schema.strictObject({
  ...levelOptions(50, "ldm"),
  sigmaMax: schema.number().positive().default(14.6146),
  sigmaMin: schema.number().positive().default(0.029167),
  ...lossOptions,
  /** What is encoded for the start (encoded-measurement.ts). */
  init: schema.enum(backProjections).default("adjoint"),
  /** The way from there to the highest noise level: a draw of the forward process, or the ODE run backwards (one call a step). */
  noising: schema.enum(["noise", "ddim-inversion"]).default("noise"),
});

type Options = schema.output<typeof options>;

export const stsl: Solver<Options> = {
  name: "stsl",
  reference: "Second-order Tweedie sampler from Surrogate Loss, Rout et al., arXiv 2312.00852",
  needs: { vjp: true, linear: false },
  sampler: true,
  options,

  schedule(o) {
    const levels = noiseLevels(o);
    const up = o.noising === "ddim-inversion" ? ascend(levels) : [];
    const down = levels.slice(0, -1).flatMap((sigma, i): Step[] => {
      const next = levels[i + 1];
      const scalars = { sigma, next };
      const steps = Array.from({ length: o.inner }, (): Step => ({ kind: "inner", sigma, scalars }));
      return [...steps, { kind: next > 0 ? "descend" : "finish", sigma, scalars }];
    });
    return [...up, ...down];
  },

  // The estimate and its residual go along, so that the steps that look at neither need not decode.
  init(scope, o) {
    const clean = encodedMeasurement(scope, o.init).expand(scope.shape);
    if (o.noising === "ddim-inversion")
      return { z: clean, clean, residual: normPerSample(scope.y.sub(scope.A(clean))) };
    const z = clean.add(scope.noise("start").mul(noiseLevels(o)[0]));
    return { z, clean, residual: sumPerSample(clean.mul(0)) };
  },

  steps: (o) => ({
    inner({ z }, scope) {
      const { mean, residual, move } = surrogateStep(z, scope, o);
      return { next: { z: z.sub(move), clean: mean, residual }, estimate: mean, residual };
    },
    descend({ z, clean, residual }, { denoise, scalar }) {
      const sigma = scalar("sigma");
      const next = eulerStep(z, denoise(z, sigma), sigma, scalar("next"));
      return { next: { z: next, clean, residual }, estimate: clean, residual };
    },
    finish({ z, residual }, { denoise, scalar }) {
      const x0 = denoise(z, scalar("sigma"));
      return { next: { z: x0, clean: x0, residual }, estimate: x0 };
    },
    ...(o.noising === "ddim-inversion" && {
      invert({ z, clean, residual }, { denoise, scalar }) {
        const sigma = scalar("sigma");
        const next = inversionStep(z, denoise(z, sigma), sigma, scalar("next"));
        return { next: { z: next, clean, residual }, estimate: clean, residual };
      },
    }),
  }),
};
