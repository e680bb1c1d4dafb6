import type { z } from "zod";
import type { Denoiser } from "../diffusion/denoiser.ts";
import type { Operator } from "../operators/operator.ts";
import type { Conditional, Prior } from "../priors/prior.ts";
import type { Shape, Tensor } from "../tensor/index.ts";

/** What a solver asks of the prior and the operator. */
export interface SolverNeeds {
  /** Vector-Jacobian products through the denoiser. */
  readonly vjp: boolean;
  /** A linear operator (else any differentiable one will do). */
  readonly linear: boolean;
  /** Only A = I: plain denoising. */
  readonly identity?: boolean;
  /** A pseudo-inverse A† (or a map that stands in for it, for the non-linear operators that have one). */
  readonly pseudoInverse?: boolean;
  /** The singular value decomposition of A. */
  readonly svd?: boolean;
  /** A latent prior: the solver goes between latents and pictures. All other needs are then asked of A, not of A ∘ decode. */
  readonly latent?: boolean;
}

/** The named tensors that one step hands to the next; each has the sample count as its first extent. */
export type State = Readonly<Record<string, Tensor>>;

/** Everything a formula may speak of. Scalars and noises become inputs of the compiled graph when they are named. */
export interface Scope {
  /** Shape of the picture: [N, C, H, W], N samples side by side. */
  readonly shape: Shape;
  /** The measurement, [1, …range]. */
  readonly y: Tensor;
  /** A first guess of the picture, [1, C, H, W]: A†y, with holes filled in. */
  readonly start: Tensor;
  readonly operator: Operator;
  /** The measurement map A. */
  readonly A: (x: Tensor) => Tensor;
  /** Is there noise in y at all? */
  readonly noisy: boolean;
  /** σ_y, the standard deviation of the noise in y, on the [-1, 1] scale, []. */
  readonly sigmaY: Tensor;
  /** ‖A‖², or a bound of it, []. */
  readonly normSquared: Tensor;
  /** m, how many entries of y carry data, []. */
  readonly measured: Tensor;
  /** E[x0 | x0 + sigma·noise = x]; each network call is counted. */
  readonly denoise: Denoiser;
  /** Priors that take a condition: the same with the condition as an argument. */
  readonly conditional?: Conditional | undefined;
  /** A number that the schedule gives anew for each step. */
  readonly scalar: (name: string, shape?: Shape) => Tensor;
  /** Standard normal noise, new in each step; of the picture's shape by default. */
  readonly noise: (purpose: string, shape?: Shape) => Tensor;
}

/** One entry of a schedule: which formula runs, at which noise level, with which numbers. */
export interface Step {
  readonly kind: string;
  readonly sigma: number;
  readonly scalars: Readonly<Record<string, number | readonly number[]>>;
}

export interface StepResult {
  readonly next: State;
  /** The picture as the solver sees it now, [N, C, H, W]; the last one is the result. */
  readonly estimate: Tensor;
  /** ‖y − A(estimate)‖₂ of each sample, [N, 1, 1, 1], where the formula has it already; else A is applied to the estimate. */
  readonly residual?: Tensor;
}

export type Formula = (state: State, scope: Scope) => StepResult;

/** What a schedule may depend on besides the solver's own options. */
export interface ProblemFacts {
  readonly sigmaY: number;
  readonly operator: Operator;
  /** Does the prior take a condition? */
  readonly conditional?: boolean;
}

/** A solver is a schedule on the host and a few formulas over tensors; `solve()` owns the loop. */
export interface Solver<O = unknown> {
  readonly name: string;
  /** Full name, authors, arXiv number. */
  readonly reference: string;
  readonly needs: SolverNeeds;
  /**
   * Where a linear operator is needed: does the solver work as well on A linearised around the posterior mean, its state `x`
   * at the scalar `sigma` (see `linearised`)?
   */
  readonly linearises?: boolean;
  /** Does a run draw from a distribution (true) or seek one point (false)? */
  readonly sampler: boolean;
  /** Checked options with the defaults of the paper or its official code. */
  readonly options: z.ZodType<O>;
  /**
   * The settings of the paper or its official code for a task (name of the operator), where they differ from the defaults;
   * with `latent`, those for latent priors, where the solver is one for pictures as well.
   */
  forTask?(task: string, latent?: boolean): Readonly<Record<string, unknown>>;
  /** What whoever runs it with this prior should know, in a sentence. */
  remark?(prior: Pick<Prior, "conditional">): string | undefined;
  schedule(options: O, facts: ProblemFacts): readonly Step[];
  /** The state before the first step. */
  init(scope: Scope, options: O): State;
  /** One formula for each kind of step in the schedule. */
  steps(options: O): Readonly<Record<string, Formula>>;
}
