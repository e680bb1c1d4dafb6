/**
 * DDNM and DDNM+ — denoising diffusion null-space models (Wang, Yu, Zhang; arXiv 2212.00490; constants from the official
 * code). Linear A, no derivative through the network.
 *
 *   x̂0 = D(x, σ),  ε̂ = (x − x̂0)/σ                          x, x̂0: [N, C, H, W]
 *   x̂  = x̂0 − λ A†(A x̂0 − y)                               replaces what A sees of x̂0
 *   x' = x̂ + τ (η z + √(1−η²) ε̂)
 *
 *   no noise        λ = 1, τ = σ'
 *   DDNM+ 'simple'  λ = 1, τ² = σ'² − σ_y²  for σ' ≥ σ_y,   λ = σ'/σ_y, τ = 0  below       any A†
 *   DDNM+ 'plus'    both for each singular direction: DDRM's step with η_b = 1             needs an SVD
 *   'regularised'   λ = 1, τ = σ', with Aᵀ(AAᵀ + (σ_y²/σ²) I)⁻¹ for A†                     any linear A
 *
 * 'simple' takes the noise of A†y to be σ_y; where A is ill-conditioned (a blur) it is σ_y/s, and stays in the picture. 'plus'
 * knows s. 'regularised' (not in the paper) does about the same without an SVD: the Bayes estimate for x0 ~ N(x̂0, σ²I),
 * which is DiffPIR's proximal point under DDNM's noise.
 *
 * Time travel (l, r): after every l steps, r − 1 times, back up l levels: x = x̂0 + σ z.
 *
 * Variance exploding: x_s = √ᾱ_s x̂ + √(1−ᾱ_s)(…) divided by √ᾱ_s; σ' = √(1−ᾱ_s)/√ᾱ_s. The official 'simple' code takes ᾱ for
 * √ᾱ in λ and τ and multiplies τ by σ' once more; `simple: "code"` is that, `"paper"` the formula above.
 */
import * as z from "zod";
import type { Operator } from "../operators/operator.ts";
import { descend, levelOptions, noiseLevels } from "./noise-levels.ts";
import { proximal } from "./proximal.ts";
import { pseudoInverse } from "./pseudo-inverse.ts";
import type { ProblemFacts, Solver, State, Step } from "./solver.ts";
import { spectralMeasurement, spectralStep } from "./spectral.ts";
import { startAt } from "./warm-start.ts";

const options = z.strictObject({
  ...levelOptions(100),
  /** η: share of fresh noise. Not DDIM's. */
  eta: z.number().min(0).max(1).default(0.85),
  /** With noise in y: `auto` is `plus` where there is an SVD, else `simple`; `none` takes y for noiseless. */
  variant: z.enum(["auto", "plus", "simple", "regularised", "none"]).default("auto"),
  simple: z.enum(["code", "paper"]).default("code"),
  /** l: levels that a jump goes back. */
  travelLength: z.int().min(1).default(1),
  /** r: how often each stretch of l levels is walked; 1 is no time travel. */
  travelRepeat: z.int().min(1).default(1),
  /** 'plus': singular values up to this count as zero. The official code: 3e-2 along each axis of a separable operator. */
  cutoff: z.number().nonnegative().default(1e-3),
  /** 'regularised': iterations where (AAᵀ + λI)⁻¹ has no closed form. */
  cgSteps: z.int().min(1).default(8),
  /** Start from the classical estimate plus noise of the first level, instead of from noise alone. */
  warm: z.boolean().default(false),
});

type Options = z.output<typeof options>;

export const ddnm: Solver<Options> = {
  name: "ddnm",
  reference: "DDNM and DDNM+, Wang, Yu, Zhang, arXiv 2212.00490",
  needs: { vjp: false, linear: true, pseudoInverse: true },
  sampler: true,
  options,

  schedule(o, facts) {
    const levels = noiseLevels(o);
    const walk = o.travelRepeat > 1 ? travel(levels, o) : descend(levels);
    return walk.map((s) => ({ ...s, scalars: { ...s.scalars, ...rates(s, o, facts) } }));
  },

  init(scope, o): State {
    const x = startAt(scope, noiseLevels(o)[0], o.warm);
    return o.travelRepeat > 1 ? { x, x0: x } : { x };
  },

  steps: (o) => ({
    step({ x }, { denoise, A, y, operator, noisy, sigmaY, scalar, noise }) {
      const [sigma, next, z] = [scalar("sigma"), scalar("next"), noise("z")];
      const mean = denoise(x, sigma);
      const remembered: State = o.travelRepeat > 1 ? { x0: mean } : {};
      if (isSpectral(o, operator, noisy)) {
        const measured = spectralMeasurement(operator, y, o.cutoff);
        const moved = spectralStep(measured, { x, mean, sigma, next, noisy, sigmaY, z, eta: o.eta, etaB: 1 });
        return { next: { x: moved.next, ...remembered }, estimate: moved.estimate };
      }
      const corrected =
        noisy && o.variant === "regularised"
          ? proximal(operator, mean, y, sigma.reciprocal().mul(sigmaY).square(), o.cgSteps)
          : mean.sub(pseudoInverse(operator, A(mean).sub(y)).mul(scalar("lambda")));
      const epsHat = x.sub(mean).div(sigma);
      const mixed = z.mul(o.eta).add(epsHat.mul(Math.sqrt(1 - o.eta ** 2)));
      return { next: { x: corrected.add(mixed.mul(scalar("tau"))), ...remembered }, estimate: corrected };
    },
    ...(o.travelRepeat > 1 && {
      travel({ x0 }, { scalar, noise }) {
        return { next: { x: x0.add(noise("z").mul(scalar("next"))), x0 }, estimate: x0 };
      },
    }),
  }),
};

function isSpectral({ variant }: Options, operator: Operator, noisy: boolean): boolean {
  return noisy && (variant === "plus" || (variant === "auto" && operator.svd !== undefined));
}

/** λ and τ of a step. */
function rates({ scalars }: Step, o: Options, facts: ProblemFacts): { lambda: number; tau: number } {
  const next = scalars.next as number;
  const sigmaY = o.variant === "none" || o.variant === "regularised" ? 0 : facts.sigmaY;
  if (sigmaY === 0) return { lambda: 1, tau: next };
  if (o.simple === "paper")
    return next >= sigmaY ? { lambda: 1, tau: Math.sqrt(next ** 2 - sigmaY ** 2) } : { lambda: next / sigmaY, tau: 0 };
  const alphaBar = 1 / (1 + next ** 2);
  const [spread, blur] = [Math.sqrt(1 - alphaBar ** 2), alphaBar * sigmaY];
  return spread >= blur
    ? { lambda: 1, tau: next * Math.sqrt(spread ** 2 - blur ** 2) }
    : { lambda: spread / blur, tau: 0 };
}

/** The walk of RePaint (arXiv 2201.09865) as DDNM's code has it; a jump goes up l levels at once. */
function travel(levels: readonly number[], { travelLength: l, travelRepeat: r }: Options): Step[] {
  const last = levels.length - 1; // level t of the walk is levels[last − 1 − t], level −1 is 0
  const at = (t: number) => levels[last - 1 - t];
  const left = new Map<number, number>();
  for (let t = 0; t < last - l; t += l) left.set(t, r - 1);
  const steps: Step[] = [];
  for (let t = last - 1; t >= 0; ) {
    steps.push({ kind: "step", sigma: at(t), scalars: { sigma: at(t), next: at(t - 1) } });
    t--;
    const jumps = left.get(t) ?? 0;
    if (jumps === 0) continue;
    left.set(t, jumps - 1);
    steps.push({ kind: "travel", sigma: at(t), scalars: { sigma: at(t), next: at(t + l) } });
    t += l;
  }
  return steps;
}
