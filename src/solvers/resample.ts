/**
 * ReSample — Solving inverse problems with latent diffusion models via hard data consistency (Song, Kwon, Zhang, Hu, Qu, Shen;
 * arXiv 2307.08123; constants from the official code). Any differentiable A.
 *
 *   ẑ0 = D(z, σ)                                                              [N, latents, h, w]
 *   guide      z ← DDIM(z, ẑ0; σ → σ') − ½ᾱ √((1+σ²)(1+σ'²)) ∇_z ‖y − A(decode(ẑ0))‖₂,  ᾱ = 1/(1+σ²)       every level
 *   and every 10th level after the first third
 *     ahead    ẑ0 at the end of 5 more unguided levels from z, which itself stays
 *     fit      in pixels (middle third):  x ← argmin ‖y − A(x)‖² from decode(ẑ0), AdamW;  ẑ0 ← encode(x)
 *              in latents (last third):   ẑ0 ← argmin ‖y − A(decode(ẑ0))‖² from ẑ0, AdamW
 *     resample z ← N( (κẑ0 + σ'²z)/(κ + σ'²), (1/κ + 1/σ'²)⁻¹ ),  κ = 40 σ'²(σ²−σ'²)/σ²
 *   fit in latents once more at the end
 *
 * κ is the official 40 (1−ᾱ_s)/(1−ᾱ_t) (1−ᾱ_t/ᾱ_s) divided by ᾱ_s, as variance-exploding latents want it: 40 times the variance
 * that DDPM's step adds. Iterations have a fixed number here: a sample that has reached the tolerance, or that after `patience` more
 * iterations is no better than before (the official code compares at every one), keeps still for the rest.
 */
import * as z from "zod";
import { ddimStep, eulerStep } from "../diffusion/index.ts";
import { constant, gradient, type Tensor } from "../tensor/index.ts";
import { adamStep, debiasing } from "./adam.ts";
import { guidance, latentParts, latentScale } from "./latent-guidance.ts";
import { descend, levelOptions, noiseLevels } from "./noise-levels.ts";
import { elementsPerSample, normPerSample, sumPerSample } from "./per-sample.ts";
import type { Formula, Scope, Solver, State, Step } from "./solver.ts";
import { startAt } from "./warm-start.ts";

const options = z.strictObject({
  ...levelOptions(500, "ldm"),
  /** The guidance's ½, in front of ᾱ. */
  zeta: z.number().nonnegative().default(0.5),
  /** Every how many levels, counted from the end, the data are fitted. */
  every: z.int().min(1).default(10),
  /** Shares of the levels, counted from the start: fitting begins, and goes over from pixels to latents. */
  begin: z
    .number()
    .min(0)
    .max(1)
    .default(1 / 3),
  turn: z
    .number()
    .min(0)
    .max(1)
    .default(2 / 3),
  /** Levels to look ahead. */
  ahead: z.int().min(0).default(5),
  /** Iterations of AdamW and its step size, in pixels and in latents, where the values of a picture span 2 and latents have unit variance. */
  pixelIterations: z.int().min(0).default(2000),
  pixelRate: z.number().positive().default(1e-2),
  latentIterations: z.int().min(0).default(500),
  latentRate: z.number().positive().default(5e-3),
  /** Iterations in latents at the very end. */
  lastIterations: z.int().min(0).default(500),
  weightDecay: z.number().nonnegative().default(0.01),
  /** Mean squared residual at which a sample is fitted. `noise`: what the noise leaves, σ_y². */
  tolerance: z.union([z.number().nonnegative(), z.literal("noise")]).default(1e-6),
  patience: z.int().min(1).default(200),
  /** κ over DDPM's variance. */
  kappa: z.number().positive().default(40),
  /** Scale ζ by √(n/n₀), n₀ = 4·64²: the gradient of a norm has about the same length for latents of any size. */
  anySize: z.boolean().default(false),
  /** Start from the encoded classical estimate plus noise of the first level, instead of from noise alone. */
  warm: z.boolean().default(false),
});

type Options = z.output<typeof options>;

/** Iterations in one run of the graph. */
function chunkOf(kind: "pixel" | "latent", o: Options): number {
  const [most, longest] =
    kind === "pixel" ? [10, o.pixelIterations] : [5, Math.max(o.latentIterations, o.lastIterations)];
  return Math.min(most, Math.max(1, longest));
}

export const resample: Solver<Options> = {
  name: "resample",
  reference: "ReSample, Song et al., arXiv 2307.08123",
  needs: { vjp: true, linear: false, latent: true },
  sampler: true,
  options,

  schedule(o) {
    const levels = noiseLevels(o);
    const guide = descend(levels);
    const total = guide.length;
    const steps = guide.flatMap(({ sigma, scalars }, i): Step[] => {
      const index = total - i - 1;
      const step = { kind: "guide", sigma, scalars };
      // The official code's bounds, ⌊total/3⌋ levels from either end.
      if (index > total - Math.floor(total * o.begin) || index === 0 || index % o.every > 0) return [step];
      const rest = guide.slice(i + 1, i + 1 + o.ahead);
      const look = rest.map((level, k) => ({
        ...level,
        kind: "ahead",
        scalars: { ...level.scalars, fresh: k ? 0 : 1 },
      }));
      const inPixels = index >= Math.floor(total * (1 - o.turn));
      const fit = inPixels
        ? iterations("pixel", sigma, o.pixelIterations, o)
        : iterations("latent", sigma, o.latentIterations, o);
      return [step, ...look, ...fit, { kind: inPixels && fit.length > 0 ? "encode" : "resample", sigma, scalars }];
    });
    const all = [...steps, ...iterations("latent", 0, o.lastIterations, o)];
    return all.map((step) => ({ ...step, scalars: { ...unused(o), ...step.scalars } }));
  },

  init(scope, o): State {
    const { operator, shape } = scope;
    const x = startAt(scope, noiseLevels(o)[0], o.warm);
    const zeros = x.mul(0);
    const p = constant(0, []).expand([shape[0], ...latentParts(operator).pictures.domain.slice(1)]);
    const one = constant(1, []).expand([shape[0], 1, 1, 1]);
    return { x, ahead: x, z: x, m: zeros, v: zeros, p, mp: p, vp: p, alive: one, mark: one };
  },

  steps: (o) => ({
    guide: (state, scope) => guide(state, scope, o),
    ahead,
    pixel: fitting(o, "pixel"),
    latent: fitting(o, "latent"),
    encode(state, scope) {
      const fitted = latentParts(scope.operator).encode(state.p);
      return resampled({ ...state, z: fitted }, scope, o);
    },
    resample: (state, scope) => resampled(state, scope, o),
  }),
};

function guide(state: State, { denoise, A, y, scalar }: Scope, o: Options) {
  const { x } = state;
  const [sigma, next] = [scalar("sigma"), scalar("next")];
  const x0 = denoise(x, sigma);
  const residual = normPerSample(y.sub(A(x0)));
  const zeta = sigma
    .square()
    .add(1)
    .reciprocal()
    .mul(o.zeta * (o.anySize ? latentScale(x) : 1));
  const pull = guidance(x, residual.sum(), sigma, next).mul(zeta);
  const moved = ddimStep(x, x0, sigma, next, x.mul(0), 0).add(pull);
  // What is fitted next is ẑ0; at the end it is z itself.
  return { next: { ...state, x: moved, z: next.greater(0).where(x0, moved) }, estimate: x0, residual };
}

/** An unguided step of the copy that runs ahead; ẑ0 is taken from it. */
const ahead: Formula = (state, { denoise, scalar }) => {
  const [sigma, next] = [scalar("sigma"), scalar("next")];
  const from = scalar("fresh").greater(0).where(state.x, state.ahead);
  const x0 = denoise(from, sigma);
  return { next: { ...state, ahead: eulerStep(from, x0, sigma, next), z: x0 }, estimate: x0 };
};

/** z ← N( (κẑ0 + σ'²z)/(κ + σ'²), (1/κ + 1/σ'²)⁻¹ ) */
function resampled(state: State, { scalar, noise }: Scope, o: Options) {
  const [variance, nextVariance] = [scalar("sigma").square(), scalar("next").square()];
  const kappa = nextVariance.mul(variance.sub(nextVariance)).div(variance).mul(o.kappa);
  const total = kappa.add(nextVariance);
  const mean = state.z.mul(kappa).add(state.x.mul(nextVariance)).div(total);
  const deviation = kappa.mul(nextVariance).div(total).sqrt();
  return { next: { ...state, x: mean.add(noise("resample").mul(deviation)) }, estimate: state.z };
}

/** The runs of one fit; scalars beyond its last iteration are 0, which is a step of no length. */
function iterations(kind: "pixel" | "latent", sigma: number, count: number, o: Options): Step[] {
  const chunk = chunkOf(kind, o);
  return Array.from({ length: Math.ceil(count / chunk) }, (_, k): Step => {
    const from = k * chunk;
    const active = Array.from({ length: chunk }, (_, j) => (from + j < count ? 1 : 0));
    const check = k > 0 && Math.floor(from / o.patience) < Math.floor((from + chunk) / o.patience) ? 1 : 0;
    const { debias1, debias2 } = debiasing(from, chunk);
    const named = Object.fromEntries(
      Object.entries({ debias1, debias2, active }).map(([name, values]) => [`${kind}.${name}`, values]),
    );
    return { kind, sigma, scalars: { ...named, fresh: k === 0 ? 1 : 0, check } };
  });
}

/** The graph wants a value for each of its scalars in every step. */
function unused(o: Options): Step["scalars"] {
  const zeros = (kind: "pixel" | "latent") => {
    const values = new Array<number>(chunkOf(kind, o)).fill(0);
    return { [`${kind}.debias1`]: values, [`${kind}.debias2`]: values, [`${kind}.active`]: values };
  };
  return { sigma: 0, next: 0, fresh: 0, check: 0, ...zeros("pixel"), ...zeros("latent") };
}

/** AdamW on ‖y − A(·)‖² by mean squares, in pictures or in latents. */
const fitting =
  (o: Options, kind: "pixel" | "latent"): Formula =>
  (state, { operator, y, measured, sigmaY, scalar }) => {
    const { pictures, decode } = latentParts(operator);
    const inPixels = kind === "pixel";
    const chunk = chunkOf(kind, o);
    const fresh = scalar("fresh").greater(0);
    const begin = (was: Tensor, initial: Tensor | number) => fresh.where(initial, was);
    const seen = inPixels ? pictures.apply : (at: Tensor) => pictures.apply(decode(at));
    const left = () => measured.div(elementsPerSample(y)).mul(sigmaY.square()); // what noise leaves
    const tolerance = o.tolerance === "noise" ? left() : constant(o.tolerance);
    const of = (name: string, k: number) => scalar(`${kind}.${name}`, [chunk]).narrow(0, k, 1);

    let at = inPixels ? begin(state.p, decode(state.z)) : state.z;
    let moments = { m: begin(inPixels ? state.mp : state.m, 0), v: begin(inPixels ? state.vp : state.v, 0) };
    let alive = begin(state.alive, 1);
    let { mark } = state;
    for (let k = 0; k < chunk; k++) {
      const here = at.stopGradient();
      const loss = sumPerSample(y.sub(seen(here)).square()).mul(1 / elementsPerSample(y));
      const [g] = gradient(loss.sum(), [here]);
      if (k === 0) {
        const checked = scalar("check").greater(0);
        alive = checked.where(alive.mul(loss.lessOrEqual(mark).cast(alive.dtype)), alive);
        mark = checked.or(fresh).where(loss, mark);
      }
      const { step, ...moved } = adamStep(g, moments, of("debias1", k), of("debias2", k));
      const rate = alive.mul(of("active", k)).mul(inPixels ? o.pixelRate : o.latentRate);
      at = at.sub(at.mul(o.weightDecay).add(step).mul(rate));
      moments = moved;
      alive = alive.mul(loss.greaterOrEqual(tolerance).cast(alive.dtype)); // after the step, as officially
    }
    // The latents of a picture that is being fitted are those it began with.
    return inPixels
      ? { next: { ...state, p: at, mp: moments.m, vp: moments.v, alive, mark }, estimate: state.z }
      : { next: { ...state, z: at, ...moments, alive, mark }, estimate: at };
  };
