import { Matrix } from "ml-matrix";
import type { Engine } from "../../engine/index.ts";
import { gaussian, type Mixture } from "../../priors/exact.ts";
import { type ChainProblem, runChains } from "./chains.ts";
import { moments } from "./compare.ts";
import { type Factors, matrixOperator } from "./matrix.ts";

// On a Gaussian prior with a linear measurement most solvers are linear recursions, and what they end with can be said beforehand:
// sometimes as a formula, else by carrying mean and covariance through every step in float64. Here both are set beside
// what the engine's chains do.

export interface Prediction {
  readonly solver: string;
  readonly problem: keyof typeof problems;
  /** What differs from the solver's defaults. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly mean: readonly number[];
  readonly variance: readonly number[];
  /** What to call it where a solver has several. */
  readonly note?: string;
  /** Where it comes from. */
  readonly because: string;
  /** What steps of finite length may add to the error, relative to the size of each number. */
  readonly slack?: number;
}

export interface PredictionRow extends Prediction {
  readonly exactMean: readonly number[];
  readonly exactVariance: readonly number[];
  readonly measuredMean: readonly number[];
  readonly measuredVariance: readonly number[];
  readonly chains: number;
  /** Within four standard errors and the slack. */
  readonly agrees: boolean;
}

interface SmallProblem {
  readonly what: string;
  readonly prior: Mixture;
  readonly factors: Factors;
  readonly sigmaY: number;
  readonly y: readonly number[];
  readonly mean: readonly number[];
  readonly variance: readonly number[];
}

const number = (c: number, sigmaY: number, y: number): SmallProblem => ({
  what: `x ~ N(0, ${c}), y = x + ${sigmaY}·n = ${y}`,
  prior: gaussian([0], [[c]]),
  factors: { u: Matrix.eye(1), s: [1], v: Matrix.eye(1) },
  sigmaY,
  y: [y],
  mean: [(c * y) / (c + sigmaY ** 2)],
  variance: [(c * sigmaY ** 2) / (c + sigmaY ** 2)],
});

const length = Math.sqrt(1.25);
const two = (sigmaY: number, mean: readonly number[], variance: readonly number[]): SmallProblem => ({
  what: `x ~ N((0.5, −0.25), [[1, 0.6], [0.6, 0.5]]), y = x₁ + x₂/2 + ${sigmaY}·n = 1.2`,
  prior: gaussian(
    [0.5, -0.25],
    [
      [1, 0.6],
      [0.6, 0.5],
    ],
  ),
  factors: {
    u: Matrix.eye(1),
    s: [length],
    v: new Matrix([
      [1 / length, -0.5 / length],
      [0.5 / length, 1 / length],
    ]),
  },
  sigmaY,
  y: [1.2],
  mean,
  variance,
});

/** The problems that predictions speak of. */
export const problems = {
  N1: number(1, 0.5, 1),
  N05: number(0.5, 0.2, 2),
  G2: two(0.1, [1.11815562, 0.15417867], [0.0259366, 0.0835735]),
  "G2, σ_y=0": two(0, [1.12173913, 0.15652174], [0.02028986, 0.08115942]),
} as const;

const unclipped = { clip: false };
const wide = { ...unclipped, sigmaMax: 1000, sigmaMin: 0.002, grid: "karras" };
const plain = { ...unclipped, rho: "paper", timesteps: "karras", sigmaMax: 80, lastProximal: true };

export const predictions: readonly Prediction[] = [
  {
    solver: "dps",
    problem: "N1",
    options: { ...unclipped, weight: "bayes", eta: 1, steps: 1000, sigmaMax: 1000, sigmaMin: 0.002 },
    note: "1/σ_y², SDE",
    mean: [0.98168],
    variance: [0.12496],
    because: "reverse SDE: mean y(1 − e^−κ), variance (1 − e^−2κ)/2κ, κ = 4",
    slack: 0.01,
  },
  {
    solver: "dps",
    problem: "N1",
    options: { ...unclipped, weight: "bayes", eta: 0, steps: 1000, sigmaMax: 1000, sigmaMin: 0.002 },
    note: "1/σ_y², ODE",
    mean: [1.27998],
    variance: [0.018316],
    because: "flow ODE: mean y√(2κ)·Daw(√(κ/2)), variance e^−κ",
    slack: 0.02,
  },
  {
    solver: "pigdm",
    problem: "N1",
    options: { ...wide, guidance: "score", eta: 1, steps: 500 },
    note: "score, SDE",
    mean: [0.8],
    variance: [0.2],
    because: "exact for data of variance 1",
    slack: 0.02,
  },
  {
    solver: "pigdm",
    problem: "N05",
    options: { ...wide, guidance: "score", eta: 1, steps: 500 },
    note: "score, SDE",
    mean: [1.7918],
    variance: [0.0395],
    because: "takes the data's variance for 1: reverse SDE",
    slack: 0.02,
  },
  {
    solver: "pigdm",
    problem: "N05",
    options: { ...wide, guidance: "score", eta: 0, steps: 500 },
    note: "score, ODE",
    mean: [1.6483],
    variance: [0.0521],
    because: "takes the data's variance for 1: flow ODE",
    slack: 0.02,
  },
  {
    solver: "ot-ode",
    problem: "N05",
    options: { steps: 1000, startTime: 1e-3 },
    mean: [1.6483],
    variance: [0.0521],
    because: "ΠGDM's flow ODE on another grid",
    slack: 0.02,
  },
  {
    solver: "exact-covariance",
    problem: "G2",
    options: { ...unclipped, sigmaMax: 80, sigmaMin: 0.002, steps: 500 },
    mean: [1.11815562, 0.15417867],
    variance: [0.0259366, 0.0835735],
    because: "exact on Gaussians",
    slack: 0.02,
  },
  {
    solver: "diffpir",
    problem: "G2",
    options: { ...plain, zeta: 1 },
    note: "λ=1, ζ=1",
    mean: [1.1189, 0.1526],
    variance: [0.0121, 0.0392],
    because: "recursion: fresh noise alone halves the covariance",
  },
  {
    solver: "diffpir",
    problem: "G2",
    options: { ...plain, zeta: 0.1 },
    note: "λ=1, ζ=0.1",
    mean: [1.1264, 0.1378],
    variance: [0.023, 0.0801],
    because: "recursion",
  },
  {
    solver: "diffpir",
    problem: "G2",
    options: { ...plain, zeta: 0 },
    note: "λ=1, ζ=0",
    mean: [1.129, 0.1306],
    variance: [0.0223, 0.0852],
    because: "recursion",
  },
  {
    solver: "daps",
    problem: "G2",
    options: { sampler: "exact", tau: "sigmaY" },
    note: "τ=σ_y",
    mean: [1.1202, 0.1536],
    variance: [0.0408, 0.1431],
    because: "recursion, five Euler steps (0.0507, 0.1828 with the exact ODE): N(x̂0, σ²) is wider than p(x0|x)",
  },
  {
    solver: "vml-map",
    problem: "G2",
    options: { steps: 100, inner: 20, cap: 1e9 },
    mean: [1.11815562, 0.15417867],
    variance: [0, 0],
    because: "the minimiser is the MAP at every level",
    slack: 1e-3,
  },
  {
    solver: "red-diff",
    problem: "G2",
    options: {},
    mean: [1.129, 0.141],
    variance: [0.0038, 0.0159],
    because: "fits y; spread is Adam's jitter (float64, 200 seeds)",
    slack: 0.1,
  },
  {
    solver: "mapga",
    problem: "G2",
    options: { steps: 40, inner: 40, cap: 1e9 },
    mean: [1.11804, 0.15428],
    variance: [0.00014, 0.00057],
    because: "recursion: the MAP and what is left of the last levels' noise",
    slack: 0.02,
  },
  {
    solver: "ddnm",
    problem: "G2, σ_y=0",
    options: { grid: "karras", sigmaMax: 80 },
    mean: [1.12248, 0.15505],
    variance: [0.01456, 0.05826],
    because: "recursion: y is met exactly, the null space is too narrow (η is not DDIM's)",
  },
  {
    solver: "ddnm",
    problem: "G2",
    options: {},
    mean: [1.11857, 0.14975],
    variance: [0.01656, 0.05735],
    because: "recursion",
  },
  {
    solver: "ddrm",
    problem: "G2",
    options: {},
    mean: [1.11386, 0.13721],
    variance: [0.02447, 0.04853],
    because: "recursion, 20 steps: the directions of V do not know of each other",
  },
  {
    solver: "pigdm",
    problem: "N1",
    options: unclipped,
    note: "published",
    mean: [0.9994],
    variance: [0.03371],
    because: "recursion: without 1/r² of the score, the data count too much at low noise",
  },
  {
    solver: "mcg",
    problem: "N1",
    options: { ...unclipped, steps: 400 },
    mean: [1],
    variance: [0],
    because: "what is measured is set to A†y, noise and all",
  },
  {
    solver: "pnp-flow",
    problem: "G2",
    options: {},
    mean: [1.0602, 0.11087],
    variance: [0.00888, 0.01105],
    because: "recursion: its data step does not know σ_y, its average over noises is no draw",
  },
  {
    solver: "ot-ode",
    problem: "N05",
    options: {},
    note: "t0 = 0.2",
    mean: [1.70794],
    variance: [0.04897],
    because: "recursion from Aᵀy at t = 0.2",
  },
];

/** Runs the predictions that concern the solvers named. */
export async function checkPredictions(
  solvers: readonly string[],
  { engine, quick, seed, signal }: { engine: Engine; quick: boolean; seed: number; signal?: AbortSignal },
): Promise<PredictionRow[]> {
  const rows: PredictionRow[] = [];
  const count = quick ? 300 : 2000;
  const wanted = predictions.filter((p) => solvers.includes(p.solver));
  for (const prediction of quick ? firstOfEach(wanted) : wanted) {
    const { prior, factors, sigmaY, y, mean, variance } = problems[prediction.problem];
    const chain: ChainProblem = { prior, operator: matrixOperator(factors), sigmaY, y };
    const { solver, options } = prediction;
    const { points } = await runChains(chain, { engine, solver, options, count, seed, signal });
    const measured = moments(points);
    const n = prior.means[0].length;
    const measuredVariance = Array.from({ length: n }, (_, i) => measured.covariance[i * (n + 1)]);
    const measuredMean = Array.from(measured.mean);
    rows.push({
      ...prediction,
      exactMean: mean,
      exactVariance: variance,
      measuredMean,
      measuredVariance,
      chains: count,
      agrees: agrees(prediction, measuredMean, measuredVariance, count),
    });
  }
  return rows;
}

function firstOfEach(list: readonly Prediction[]): Prediction[] {
  return list.filter((p, i) => list.findIndex((other) => other.solver === p.solver) === i);
}

/** The printed digits are half a unit wide. */
const rounding = 6e-5;

function agrees(p: Prediction, mean: readonly number[], variance: readonly number[], count: number): boolean {
  const slack = p.slack ?? 0;
  return p.mean.every((m, i) => {
    const v = p.variance[i];
    const meanError = 4 * Math.sqrt(Math.max(v, variance[i]) / count);
    const varianceError = 4 * v * Math.sqrt(2 / count);
    return (
      Math.abs(mean[i] - m) <= meanError + slack * Math.abs(m) + rounding &&
      Math.abs(variance[i] - v) <= varianceError + slack * Math.max(v, 1e-3) + rounding
    );
  });
}
