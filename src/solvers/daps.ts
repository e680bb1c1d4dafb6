/**
 * DAPS — Decoupled Annealing Posterior Sampling (Zhang, Chu, Berner, Meng, Anandkumar, Song; arXiv 2407.01521; constants
 * from the official code). Any differentiable A; no derivative through the network.
 *
 *   for each level σ of the annealing, 100 → 0.1:
 *     x̂0 ← end of the probability-flow ODE from x at σ, in a few Euler steps                       [N, C, H, W]
 *     x0 ~ exp( −‖y − A(x0)‖²/2τ² − ‖x0 − x̂0‖²/2σ² ), by a Markov chain from x̂0                    U: its exponent
 *       langevin   x0 ← x0 + h ∇U + √(2h) z
 *       hmc        v ← m v + √h ∇U + √(2(1−m)) z,  x0 ← x0 + √h v,  v ~ N(0, I) first
 *       exact      the draw itself, for linear A:  x̂0' = x̂0 + σ z₁,  x0 = x̂0' + Aᵀ(AAᵀ + τ²/σ² I)⁻¹(y + τ z₂ − A x̂0')
 *     x ← x0 + σ' z
 *
 * h falls linearly with the level's number, from lr to lrEnd·lr. τ stands for σ_y, but is 0.01 in the paper whatever the
 * noise is; `tau: "sigmaY"` is Bayes' rule. Even with all parts exact the result is wider than the posterior, about twice
 * in variance, because N(x̂0, σ²) stands for p(x0|x): where nothing is measured x0 carries noise σ of its own, and σ' comes
 * on top. On a network, which is told σ' alone, that noise stays (pictures come out at 16 dB); the published chains are too
 * short to take it all up, and work because of it.
 */
import * as z from "zod";
import { eulerStep, karrasSigmas } from "../diffusion/index.ts";
import { TweedieError } from "../errors.ts";
import { constant, gradient, type Tensor } from "../tensor/index.ts";
import { proximal } from "./proximal.ts";
import type { Formula, Scope, Solver, State, Step } from "./solver.ts";
import { startAt } from "./warm-start.ts";

const options = z.strictObject({
  /** Levels of the annealing. */
  steps: z.int().min(1).default(200),
  sigmaMax: z.number().positive().default(100),
  sigmaMin: z.number().positive().default(0.1),
  /** Spacing of the levels, of both grids. */
  rho: z.number().positive().default(7),
  /** Euler steps of the inner ODE, from σ to odeSigmaMin to 0. One is the denoiser itself. */
  odeSteps: z.int().min(1).default(5),
  odeSigmaMin: z.number().positive().default(0.01),
  sampler: z.enum(["langevin", "hmc", "exact"]).default("langevin"),
  /** Steps of the Markov chain. */
  inner: z.int().min(1).default(100),
  /** h of the first level. Official: 1e-4 super-resolution, Gaussian blur, 70% missing; 5e-5 box, motion; 2e-5 HDR. */
  lr: z.number().positive().default(1e-4),
  lrEnd: z.number().min(0).max(1).default(0.01),
  /** m of HMC. */
  momentum: z.number().min(0).max(1).default(0.9),
  /** τ, on the [-1, 1] scale. */
  tau: z.union([z.number().positive(), z.literal("sigmaY")]).default(0.01),
  /** With `tau: "sigmaY"`, τ is not taken smaller than this. */
  tauFloor: z.number().positive().default(1e-3),
  /** Shorten h where it would leave the chain's stable range: h ≤ limit/(‖A‖²/τ² + 1/σ²). The code has no such limit. */
  limit: z.number().positive().optional(),
  /** Start from the classical estimate plus noise of sigmaMax, instead of from noise alone. */
  warm: z.boolean().default(false),
  /** Iterations of the exact draw where (AAᵀ + λI)⁻¹ has no closed form. */
  cgSteps: z.int().min(1).default(8),
});

type Options = z.output<typeof options>;

/** τ in the graph, and on the host. */
const tauOf = ({ tau, tauFloor }: Options, { sigmaY }: Scope): Tensor =>
  tau === "sigmaY" ? sigmaY.maximum(tauFloor) : constant(tau);
const tauFor = ({ tau, tauFloor }: Options, sigmaY: number) => (tau === "sigmaY" ? Math.max(sigmaY, tauFloor) : tau);

/** How many steps of the chain one run of the graph takes: at most ten. */
const chunkOf = (inner: number) => [10, 9, 8, 7, 6, 5, 4, 3, 2].find((k) => inner % k === 0) ?? 1;

/** The official settings for latent diffusion: Hamiltonian chains, 50 levels from 10 on. */
const latentSettings = { steps: 50, sigmaMax: 10, odeSteps: 2, sampler: "hmc" };
const latentChains: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "super-resolution": { inner: 24, lr: 1.35e-4, momentum: 0.86 },
  blur: { inner: 35, lr: 2.7e-6, momentum: 0.95 }, // Gaussian; motion: 49, 2.4e-5, 0.45
  inpaint: { inner: 15, lr: 9.02e-6, momentum: 0.74 }, // a box; missing at random: 38, 8.4e-6, 0.92
  hdr: { inner: 38, lr: 4.52e-6, momentum: 0.58 },
  "phase-retrieval": { inner: 65, lr: 2.1e-5, momentum: 0.41 },
  "nonlinear-blur": { inner: 80, lr: 3.71e-6, momentum: 0.91 },
};

export const daps: Solver<Options> = {
  name: "daps",
  reference: "DAPS, Zhang et al., arXiv 2407.01521",
  needs: { vjp: false, linear: false },
  sampler: true,
  options,

  forTask(task, latent = false) {
    if (latent) return task in latentChains ? { ...latentSettings, ...latentChains[task] } : {};
    const settings: Record<string, Record<string, unknown>> = {
      inpaint: { lr: 5e-5 }, // the box; 1e-4 for pixels missing at random
      hdr: { lr: 2e-5 },
      "phase-retrieval": { lr: 5e-5 },
      "nonlinear-blur": { lr: 1e-5, inner: 200 },
    };
    return settings[task] ?? {};
  },

  schedule(o, { sigmaY, operator }) {
    const sigmas = [...karrasSigmas({ steps: o.steps, min: o.sigmaMin, max: o.sigmaMax, rho: o.rho })];
    const tau = tauFor(o, sigmaY);
    const chunk = chunkOf(o.inner);
    return sigmas.slice(0, -1).flatMap((anneal, i): Step[] => {
      const ode = [
        ...karrasSigmas({ steps: o.odeSteps, min: Math.min(anneal, o.odeSigmaMin), max: anneal, rho: o.rho }),
      ];
      const stable = (o.limit ?? Infinity) / (operator.normSquared / tau ** 2 + 1 / anneal ** 2);
      const rate = Math.min(stable, o.lr * (1 + (i / o.steps) * (o.lrEnd - 1)));
      const scalars = { anneal, rate };
      const chain = (k: number) => ({
        kind: o.sampler,
        sigma: anneal,
        scalars: { ...scalars, fresh: k === 0 ? 1 : 0 },
      });
      return [
        // the first Euler step of a level adds its noise; `init` has put the first level's there
        ...ode.slice(0, -1).map((sigma, k) => ({
          kind: "ode",
          sigma,
          scalars: { sigma, next: ode[k + 1], noise: i > 0 && k === 0 ? anneal : 0 },
        })),
        ...Array.from({ length: o.sampler === "exact" ? 1 : o.inner / chunk }, (_, k) => chain(k)),
      ];
    });
  },

  init(scope, { sampler, warm, sigmaMax }): State {
    const x = startAt(scope, sigmaMax, warm);
    return { x, anchor: x, ...(sampler === "hmc" ? { v: x.mul(0) } : {}) };
  },

  steps: (o) => ({ ode, [o.sampler]: { langevin, hmc, exact }[o.sampler](o) }),
};

/** x is a picture before the first Euler step of a level but the first, noised there; a noisy picture before the others. */
const ode: Formula = ({ x, ...rest }, { denoise, scalar, noise }) => {
  const sigma = scalar("sigma");
  const noisy = x.add(noise("z0").mul(scalar("noise")));
  const d = denoise(noisy, sigma);
  const moved = eulerStep(noisy, d, sigma, scalar("next"));
  return { next: { ...rest, x: moved, anchor: moved }, estimate: d };
};

/** ∇U at x. */
function slope(x: Tensor, anchor: Tensor, scope: Scope, o: Options): Tensor {
  const { A, y, scalar } = scope;
  const at = x.stopGradient();
  const misfit = y.sub(A(at)).square().sum().mul(tauOf(o, scope).square().reciprocal().mul(-0.5));
  const [g] = gradient(misfit, [at]);
  return g.add(anchor.sub(x).div(scalar("anneal").square()));
}

const langevin =
  (o: Options): Formula =>
  ({ x, anchor }, scope) => {
    const h = scope.scalar("rate");
    let x0 = x;
    for (let k = 0; k < chunkOf(o.inner); k++)
      x0 = x0.add(slope(x0, anchor, scope, o).mul(h)).add(scope.noise(`z${k}`).mul(h.mul(2).sqrt()));
    return { next: { x: x0, anchor }, estimate: x0 };
  };

const hmc =
  (o: Options): Formula =>
  ({ x, anchor, v }, scope) => {
    const length = scope.scalar("rate").sqrt();
    const fresh = scope.scalar("fresh");
    let x0 = x;
    let velocity = v.add(scope.noise("velocity").sub(v).mul(fresh));
    for (let k = 0; k < chunkOf(o.inner); k++) {
      const kick = slope(x0, anchor, scope, o).mul(length);
      velocity = velocity
        .mul(o.momentum)
        .add(kick)
        .add(scope.noise(`z${k}`).mul(Math.sqrt(2 * (1 - o.momentum))));
      x0 = x0.add(velocity.mul(length));
    }
    return { next: { x: x0, anchor, v: velocity }, estimate: x0 };
  };

const exact =
  (o: Options): Formula =>
  ({ anchor }, scope) => {
    const { operator, y, scalar, noise, shape } = scope;
    if (!operator.linear)
      throw new TweedieError("invalid-operator", {
        message: `daps: sampler=exact: expected a linear operator, got ${operator.name}`,
        hint: "sampler=langevin and sampler=hmc take any differentiable one",
      });
    const sigma = scalar("anneal");
    const tau = tauOf(o, scope);
    const x1 = anchor.add(noise("z0").mul(sigma));
    const y1 = y.add(noise("y", [shape[0], ...y.shape.slice(1)]).mul(tau));
    const x0 = proximal(operator, x1, y1, sigma.square().reciprocal().mul(tau.square()), o.cgSteps);
    return { next: { x: x0, anchor }, estimate: x0 };
  };
