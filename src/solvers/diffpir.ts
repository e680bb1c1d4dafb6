/**
 * DiffPIR — Denoising Diffusion Models for Plug-and-Play Image Restoration (Zhu, Zhang, Liang, Cao, Wen, Timofte,
 * Van Gool; arXiv 2305.08995; constants from the official code). No derivative through the network.
 *
 *   x0 = D(x, σ)                                            [N, C, H, W]
 *   x̂  = argmin ‖y − A x̂‖² + ρ‖x̂ − x0‖²,  ρ = λ σ_y²/σ²     the data, as a proximal step
 *   ε̃  = (x − x̂)/σ                                          the noise that x̂ leaves
 *   x' = x̂ + σ' (√(1−ζ) ε̃ + √ζ z)                           σ → σ'
 *
 * The paper's x_t = √ᾱ_t x0 + √(1−ᾱ_t) ε is x/√(1+σ²) here, so that x_s = √ᾱ_s x̂ + √(1−ᾱ_s)(√(1−ζ) ε̃ + √ζ z) is the last
 * line. The last level has no proximal step. What others made of it:
 *   official code    ρ with σ_y on the 0..1 scale and σ on the -1..1 scale: a quarter of the formula (`rho: "code"`)
 *   deepinv          the formula, λ = 7, ζ = 0.1, 100 steps (`rho: "paper"`)
 *   InverseBench     twice the formula, λ = 8, ζ = 1, 1000 steps (`rho: "inversebench"`)
 * An operator that is not linear takes a gradient step of the same objective: 1/ρ long in the official code; here by
 * default 1/(ρ + ‖A‖²), which cannot diverge when ρ is small.
 */
import * as z from "zod";
import { createSchedule, karrasSigmas, renoiseStep, timeAt } from "../diffusion/index.ts";
import { TweedieError } from "../errors.ts";
import type { Operator } from "../operators/operator.ts";
import { gradient, type Tensor } from "../tensor/index.ts";
import { proximal } from "./proximal.ts";
import type { Scope, Solver, Step } from "./solver.ts";
import { startAt } from "./warm-start.ts";

const options = z.strictObject({
  /** N. */
  steps: z.int().min(1).default(100),
  /** λ: the higher, the less the data count. */
  lambda: z.number().positive().default(1),
  /** ζ: share of fresh noise. Official: 0.1 deblurring, 0.25 super-resolution, 1 inpainting. */
  zeta: z.number().min(0).max(1).default(0.1),
  /** Which ρ, see above. */
  rho: z.enum(["code", "paper", "inversebench"]).default("code"),
  /** How the data come in: the exact minimiser, one step of its gradient, or back-projection A† (official for bicubic reduction). */
  data: z.enum(["proximal", "gradient", "back-projection"]).default("proximal"),
  /** Length of a gradient step: 1/(ρ + ‖A‖²) or the official 1/ρ. */
  gradientStep: z.enum(["bounded", "code"]).default("bounded"),
  /** Gradient steps in each level, or back-projections. */
  dataSteps: z.int().min(1).default(1),
  /** Length of a back-projection. */
  gamma: z.number().positive().default(0.01),
  /** x̂ = x0 + guidance·(minimiser − x0). */
  guidance: z.number().nonnegative().default(1),
  /** How DDPM's 1000 timesteps are visited: more densely at low noise ("quad", official), evenly, or a Karras grid instead. */
  timesteps: z.enum(["quad", "uniform", "karras"]).default("quad"),
  sigmaMax: z.number().positive().default(157.407),
  sigmaMin: z.number().positive().default(0.01),
  rhoKarras: z.number().positive().default(7),
  /** Take the proximal step at the last level as well. */
  lastProximal: z.boolean().default(false),
  /** Start from the classical estimate plus noise, as the official code; else from noise alone. */
  warm: z.boolean().default(true),
  /** σ_y is not taken smaller than this; official 0.001 on the 0..1 scale. */
  sigmaFloor: z.number().positive().default(0.002),
  /** Iterations where (AAᵀ + ρI)⁻¹ has no closed form. */
  cgSteps: z.int().min(1).default(8),
  /** Limit D to [-1, 1]. */
  clip: z.boolean().default(true),
});

type Options = z.output<typeof options>;

/** ρ = factor·λσ_y²/σ². */
const rhoFactor = { paper: 1, code: 0.25, inversebench: 2 } as const;

export const diffpir: Solver<Options> = {
  name: "diffpir",
  reference: "DiffPIR, Zhu et al., arXiv 2305.08995",
  needs: { vjp: false, linear: false },
  sampler: true,
  options,

  forTask(task) {
    const settings: Record<string, Record<string, unknown>> = {
      inpaint: { steps: 20, zeta: 1 },
      "super-resolution": { zeta: 0.25 },
      blur: { zeta: 0.1 },
    };
    return settings[task] ?? {};
  },

  schedule(o) {
    const sigmas = levels(o);
    return sigmas.slice(0, -1).map((sigma, i): Step => {
      const next = sigmas[i + 1];
      const last = next === 0 && !o.lastProximal;
      return { kind: last ? "last" : "step", sigma, scalars: { sigma, next } };
    });
  },

  init: (scope, { sigmaMax, warm }) => ({
    x: startAt(scope, sigmaMax, warm),
  }),

  steps: (o) => ({
    step({ x }, scope) {
      const sigma = scope.scalar("sigma");
      const mean = scope.denoise(x, sigma);
      const x0 = o.clip ? mean.clip(-1, 1) : mean;
      const noise = scope.sigmaY.maximum(o.sigmaFloor).square();
      const rho = noise.mul(rhoFactor[o.rho] * o.lambda).div(sigma.square());
      const minimiser = dataStep(x0, rho, scope, o);
      const xHat = o.guidance === 1 ? minimiser : x0.add(minimiser.sub(x0).mul(o.guidance));
      const next = renoiseStep(x, xHat, sigma, scope.scalar("next"), scope.noise("z"), Math.sqrt(o.zeta));
      return { next: { x: next }, estimate: xHat };
    },
    last({ x }, { denoise, scalar }) {
      const mean = denoise(x, scalar("sigma"));
      const x0 = o.clip ? mean.clip(-1, 1) : mean;
      return { next: { x: x0 }, estimate: x0 };
    },
  }),
};

function dataStep(x0: Tensor, rho: Tensor, { operator, normSquared, A, y }: Scope, o: Options): Tensor {
  if (o.data === "back-projection") return backProject(x0, rho, operator, y, o);
  if (o.data === "proximal" && operator.linear) return proximal(operator, x0, y, rho, o.cgSteps);
  const length = o.gradientStep === "code" ? rho.reciprocal() : rho.add(normSquared).reciprocal();
  let x = x0.stopGradient();
  for (let k = 0; k < o.dataSteps; k++) {
    const misfit = y.sub(A(x)).square().sum().mul(0.5);
    const [g] = gradient(misfit, [x]);
    const pull = k === 0 ? g : g.add(x.sub(x0).mul(rho));
    x = x.sub(pull.mul(length)).stopGradient();
  }
  return x;
}

/** x0 + γ/(1 + ρ)·A†(y − A x0), as the official code refines bicubic enlargements. */
function backProject(x0: Tensor, rho: Tensor, operator: Operator, y: Tensor, o: Options): Tensor {
  if (!operator.pseudoInverse)
    throw new TweedieError("invalid-operator", {
      message: `diffpir: data=back-projection: expected an operator with a pseudo-inverse, got ${operator.name}`,
      hint: "data=proximal or data=gradient need none",
    });
  let x = x0;
  for (let k = 0; k < o.dataSteps; k++)
    x = x.add(operator.pseudoInverse(y.sub(operator.apply(x))).mul(rho.add(1).reciprocal().mul(o.gamma)));
  return x;
}

/** The noise levels, highest first, then 0. */
function levels({ steps, timesteps, sigmaMax, sigmaMin, rhoKarras }: Options): readonly number[] {
  if (timesteps === "karras") return [...karrasSigmas({ steps, min: sigmaMin, max: sigmaMax, rho: rhoKarras })];
  const ddpm = createSchedule({ type: "linear" });
  const [first, last] = [timeAt(ddpm, sigmaMax), timeAt(ddpm, sigmaMin)].map(Math.round);
  const span = first - last;
  const times = Array.from({ length: steps }, (_, i) => {
    const u = steps === 1 ? 0 : i / (steps - 1);
    return first - Math.min(span, Math.floor((span + 1) * (timesteps === "quad" ? Math.sqrt(u) : u)));
  });
  return [...new Set(times)].map((t) => ddpm.sigma[t]).concat(0);
}
