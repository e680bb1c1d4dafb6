/**
 * P2L — Prompt-tuning latent diffusion models for inverse problems (Chung, Ye, Milanfar, Delbracio; arXiv 2310.01110).
 * Linear A. No official code is public: the constants are those of a re-implementation and wait for tuning.
 *
 *   c       what the network is told, tokens [N, T, D]; ẑ0 = D(z, σ, c), x̂0 = decode(ẑ0)
 *   tune    c ← Adam(c, ∇_c ‖y − A x̂0‖²), `tunings` times at each level            where the prior takes a condition
 *   project at every `every`-th level: ẑ0' = encode( argmin_x ‖y − A x‖² + λ‖x − x̂0‖² ), else ẑ0' = ẑ0
 *   z' = DDIM(z, ẑ0; σ → σ') + (ẑ0' − ẑ0) − ζ √((1+σ²)(1+σ'²)) ∇_z ‖y − A x̂0‖₂      DDIM keeps the network's noise
 *
 * The minimiser is had by conjugate gradients or in closed form. Without a condition to tune the rest is done.
 */
import * as z from "zod";
import { ddimStep } from "../diffusion/index.ts";
import { constant, gradient, type Tensor } from "../tensor/index.ts";
import { adamStep, debiasing } from "./adam.ts";
import { guidance, latentParts, latentScale } from "./latent-guidance.ts";
import { levelOptions, noiseLevels } from "./noise-levels.ts";
import { normPerSample } from "./per-sample.ts";
import { proximal } from "./proximal.ts";
import type { Scope, Solver, State, Step } from "./solver.ts";
import { startAt } from "./warm-start.ts";

const options = z.strictObject({
  ...levelOptions(1000, "ldm"),
  /** ζ of the guidance, as latent DPS's. */
  zeta: z.number().nonnegative().default(1),
  /** Every how many levels the picture is made to fit the measurement. */
  every: z.int().min(1).default(8),
  /** λ: what keeps that picture near x̂0. `bayes`: σ_y²/σ². */
  lambda: z.union([z.number().positive(), z.literal("bayes")]).default(1),
  /** Conjugate gradients, where the minimiser has no closed form. */
  cgSteps: z.int().min(1).default(5),
  /** Adam's iterations on c at each level, and their step size. */
  tunings: z.int().min(0).default(5),
  tuningRate: z.number().positive().default(1e-4),
  /** Scale ζ by √(n/n₀), n₀ = 4·64²: the gradient of a norm has about the same length for latents of any size. */
  anySize: z.boolean().default(false),
  /** With `lambda: "bayes"`, σ_y is not taken smaller than this. */
  sigmaFloor: z.number().positive().default(1e-3),
  /** DDIM's η. */
  eta: z.number().min(0).max(1).default(0),
  /** Start from the encoded classical estimate plus noise of the first level, instead of from noise alone. */
  warm: z.boolean().default(false),
});

type Options = z.output<typeof options>;

export const p2l: Solver<Options> = {
  name: "p2l",
  reference: "P2L, Chung et al., arXiv 2310.01110",
  needs: { vjp: true, linear: true, latent: true },
  sampler: true,
  options,

  remark: ({ conditional }) =>
    conditional
      ? undefined
      : "p2l: this prior takes no condition, so that there is no prompt to tune; the rest is done",

  schedule(o, { conditional }) {
    const levels = noiseLevels(o);
    return levels.slice(0, -1).flatMap((sigma, i): Step[] => {
      const scalars = { sigma, next: levels[i + 1] };
      const tune = (k: number) => ({
        kind: "tune",
        sigma,
        scalars: { ...scalars, ...debiasing(k, 1), kept: k === 0 ? 0 : 1 },
      });
      return [
        ...Array.from({ length: conditional ? o.tunings : 0 }, (_, k) => tune(k)),
        { kind: (i + 1) % o.every === 0 ? "project" : "step", sigma, scalars },
      ];
    });
  },

  init(scope, o): State {
    const x = startAt(scope, noiseLevels(o)[0], o.warm);
    const { conditional, shape } = scope;
    if (!conditional) return { x };
    const { embedding } = conditional;
    const c = embedding.expand([shape[0], ...embedding.shape.slice(1)]);
    return { x, c, m: c.mul(0), v: c.mul(0) };
  },

  steps: (o) => ({
    tune: (state, scope) => tune(state, scope, o),
    step: (state, scope) => step(state, scope, o, false),
    project: (state, scope) => step(state, scope, o, true),
  }),
};

/** ẑ0, and with it x̂0 and ‖y − A x̂0‖₂. */
function look({ x, c }: State, { denoise, conditional, operator, y, scalar }: Scope) {
  const { pictures, decode } = latentParts(operator);
  const sigma = scalar("sigma");
  const z0 = conditional ? conditional.denoise(x, sigma, c) : denoise(x, sigma);
  const picture = decode(z0);
  return { z0, picture, residual: normPerSample(y.sub(pictures.apply(picture))) };
}

function tune(state: State, scope: Scope, o: Options) {
  const { z0, residual } = look(state, scope);
  const { c } = state;
  if (!scope.conditional) return { next: state, estimate: z0, residual }; // not in the schedule then
  const [g] = gradient(residual.square().sum(), [c]);
  const kept = scope.scalar("kept"); // each level begins anew
  const moments = { m: state.m.mul(kept), v: state.v.mul(kept) };
  const { step, m, v } = adamStep(g, moments, scope.scalar("debias1", [1]), scope.scalar("debias2", [1]));
  return { next: { ...state, c: c.sub(step.mul(o.tuningRate)), m, v }, estimate: z0, residual };
}

function step(state: State, scope: Scope, o: Options, project: boolean) {
  const { x } = state;
  const { operator, y, scalar, noise } = scope;
  const [sigma, next] = [scalar("sigma"), scalar("next")];
  const { pictures, encode } = latentParts(operator);
  const { z0, picture, residual } = look(state, scope);
  const pull = guidance(x, residual.sum().mul(o.zeta * (o.anySize ? latentScale(x) : 1)), sigma, next);
  const free = ddimStep(x, z0, sigma, next, noise("z"), o.eta).add(pull);
  if (!project) return { next: { ...state, x: free }, estimate: z0, residual };
  const fitted = encode(proximal(pictures, picture, y, weight(scope, o), o.cgSteps));
  return { next: { ...state, x: free.add(fitted.sub(z0)) }, estimate: fitted };
}

function weight({ sigmaY, scalar }: Scope, { lambda, sigmaFloor }: Options): Tensor {
  if (lambda !== "bayes") return constant(lambda);
  return scalar("sigma").square().reciprocal().mul(sigmaY.maximum(sigmaFloor).square());
}
