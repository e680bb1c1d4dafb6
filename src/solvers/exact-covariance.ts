/**
 * Guidance with the posterior covariance — MMPS (moment matching posterior sampling; Rozet, Andry, Lanusse, Louppe;
 * arXiv 2405.13712) and TMPD (Tweedie moment projected diffusions; Boys, Girolami, Pidstrigach, Reich, Mosca, Akyildiz;
 * arXiv 2310.06721), in the matrix-free form of the former.
 *
 *   x̂0 = D(x, σ),  J = ∂D/∂x,  Cov[x0 | x] = σ²J            Tweedie's formula, second order
 *   u  = (σ²AJAᵀ + σ_y²I)⁻¹ (y − A x̂0)                      by `cgSteps` conjugate gradients, unrolled, per sample
 *   D_y = x̂0 + σ² Jᵀ Aᵀ u                                   E[x0 | x, y]; exact for Gaussian data
 *   x'  = DDIM_η(x, D_y; σ → σ')
 *
 * `product` says how J multiplies within the system: by one VJP (as the official code, which takes J for symmetric), by one
 * JVP (two VJPs), or by the mean of both, which conjugate gradients ask for and a network's J is not.
 */
import * as z from "zod";
import { adjoint } from "../operators/operator.ts";
import { jvp, type Tensor, vjp } from "../tensor/index.ts";
import { descend, levelOptions, noiseLevels, reverseOptions, reverseStep } from "./noise-levels.ts";
import { sumPerSample } from "./per-sample.ts";
import type { Solver } from "./solver.ts";
import { startAt } from "./warm-start.ts";

const options = z.strictObject({
  ...levelOptions(100, "karras"),
  ...reverseOptions(1),
  /** One suffices where AAᵀ ∝ I; the official code takes one to three. */
  cgSteps: z.int().min(1).default(2),
  product: z.enum(["vjp", "jvp", "symmetric"]).default("vjp"),
  /** σ_y is not taken smaller than this. */
  sigmaFloor: z.number().positive().default(1e-3),
  /** Start from the classical estimate plus noise of the first level, instead of from noise alone. */
  warm: z.boolean().default(false),
  /** Limit D_y to [-1, 1]. */
  clip: z.boolean().default(true),
});

export const exactCovariance: Solver<z.output<typeof options>> = {
  name: "exact-covariance",
  reference: "MMPS, Rozet et al., arXiv 2405.13712; TMPD, Boys et al., arXiv 2310.06721",
  needs: { vjp: true, linear: true },
  sampler: true,
  options,

  schedule: (o) => descend(noiseLevels(o)),

  init: (scope, o) => ({ x: startAt(scope, noiseLevels(o)[0], o.warm) }),

  steps: ({ cgSteps, product, sigmaFloor, clip, ...reverse }) => ({
    step({ x }, { denoise, A, operator, y, sigmaY, scalar, noise }) {
      const [sigma, next] = [scalar("sigma"), scalar("next")];
      const mean = denoise(x, sigma);
      const variance = sigma.square();
      const pull = (v: Tensor) => vjp([mean], [x], [v])[0];
      const push = (v: Tensor) => jvp([mean], [x], [v])[0];
      const covariance = {
        vjp: pull,
        jvp: push,
        symmetric: (v: Tensor) => pull(v).add(push(v)).mul(0.5),
      }[product];
      const seen = (u: Tensor) => A(covariance(adjoint(operator, u))).mul(variance);
      const u = solveShifted(seen, sigmaY.maximum(sigmaFloor).square(), y.sub(A(mean)), cgSteps);
      const guided = mean.add(pull(adjoint(operator, u)).mul(variance));
      const x0 = clip ? guided.clip(-1, 1) : guided;
      return { next: { x: reverseStep(reverse, x, x0, [sigma, next], noise("z")) }, estimate: x0 };
    },
  }),
};

/** Guards divisions once a residual is exactly zero. */
const tiny = 1e-30;

/**
 * Conjugate gradients for (C + shift·I) u = r from u = 0. C should be positive semi-definite; where a network's is not
 * (pᵀCp ≤ 0), the iteration of that sample ends with what it has (as Steihaug, 1983).
 */
function solveShifted(C: (u: Tensor) => Tensor, shift: Tensor, rhs: Tensor, iterations: number): Tensor {
  const inner = (a: Tensor, b: Tensor) => sumPerSample(a.mul(b));
  let u = rhs.mul(0);
  let r = rhs;
  let p = r;
  let rr = inner(r, r);
  let alive = rr.mul(0).add(1);
  for (let k = 0; k < iterations; k++) {
    const q = C(p);
    const curvature = inner(p, q);
    alive = curvature.greater(0).where(alive, 0);
    const total = curvature.add(inner(p, p).mul(shift)).maximum(tiny);
    const alpha = rr.div(total).mul(alive);
    u = u.add(p.mul(alpha));
    if (k === iterations - 1) break;
    r = r.sub(q.add(p.mul(shift)).mul(alpha));
    const next = inner(r, r);
    p = r.add(p.mul(next.div(rr.maximum(tiny))));
    rr = next;
  }
  return u;
}
