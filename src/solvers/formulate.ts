import type { Denoiser } from "../diffusion/denoiser.ts";
import { measuredValues } from "../operators/noise.ts";
import type { Operator } from "../operators/operator.ts";
import type { Conditional } from "../priors/prior.ts";
import { input, parameter, type Shape, type Tensor } from "../tensor/index.ts";
import { normPerSample } from "./per-sample.ts";
import type { Scope, Solver, State } from "./solver.ts";

/** A solver, its options and a problem: all that its formulas depend on. */
export interface Formulation<O> {
  readonly solver: Solver<O>;
  readonly options: O;
  readonly operator: Operator;
  readonly denoise: Denoiser;
  readonly conditional?: Conditional | undefined;
  readonly sigmaY: number;
  /** N: how many pictures run side by side. */
  readonly samples: number;
}

/** One graph: named input and output tensors. */
export interface Graph {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/**
 * A solver's formulas as two graphs: the start, and all kinds of steps. Inputs are called `y`, `start`,
 * `state.NAME`, `scalar.NAME` and `noise.PURPOSE`; the steps' outputs `KIND.next.NAME`, `KIND.estimate` and
 * `KIND.residual` (‖y − A(estimate)‖₂ of each sample).
 */
export interface FormulatedSolver {
  readonly init: Graph;
  readonly steps: Graph;
  readonly stateNames: readonly string[];
  readonly kinds: readonly string[];
}

/** The name of an output of one kind of step. */
export const outputName = (kind: string, value: string) => `${kind}.${value}`;

export function formulate<O>(f: Formulation<O>): FormulatedSolver {
  const y = input(f.operator.range);
  const start = input(f.operator.domain);

  const first = new RecordingScope(f, y, start);
  const initial = f.solver.init(first, f.options);

  const later = new RecordingScope(f, y, start);
  const state: State = Object.fromEntries(Object.entries(initial).map(([name, t]) => [name, input(t.shape, t.dtype)]));
  const formulas = Object.entries(f.solver.steps(f.options));
  const outputs: Record<string, Tensor> = {};
  for (const [kind, formula] of formulas) {
    const { next, estimate, residual = normPerSample(y.sub(later.A(estimate))) } = formula(state, later);
    for (const [name, tensor] of Object.entries(next)) outputs[outputName(kind, `next.${name}`)] = tensor;
    outputs[outputName(kind, "estimate")] = estimate;
    outputs[outputName(kind, "residual")] = residual.reshape([f.samples]);
  }
  return {
    init: { inputs: { y, start, ...first.named }, outputs: initial },
    steps: { inputs: { y, start, ...prefixed("state", state), ...later.named }, outputs },
    stateNames: Object.keys(initial),
    kinds: formulas.map(([kind]) => kind),
  };
}

const prefixed = (prefix: string, tensors: State) =>
  Object.fromEntries(Object.entries(tensors).map(([name, t]) => [`${prefix}.${name}`, t]));

/** Hands out the inputs that formulas name, and remembers them. */
class RecordingScope implements Scope {
  readonly named: Record<string, Tensor> = {};
  readonly y: Tensor;
  readonly start: Tensor;
  readonly shape: Shape;
  readonly operator: Operator;
  readonly noisy: boolean;
  readonly sigmaY: Tensor;
  readonly normSquared: Tensor;
  readonly measured: Tensor;
  readonly denoise: Denoiser;
  readonly A: (x: Tensor) => Tensor;
  readonly conditional: Conditional | undefined;

  constructor({ operator, denoise, conditional, sigmaY, samples }: Formulation<unknown>, y: Tensor, start: Tensor) {
    this.y = y;
    this.start = start;
    this.operator = operator;
    this.noisy = sigmaY > 0;
    this.sigmaY = parameter(sigmaY);
    this.normSquared = parameter(() => operator.normSquared);
    this.measured = parameter(() => measuredValues(operator));
    this.shape = [samples, ...operator.domain.slice(1)];
    this.A = remembering((x: Tensor) => operator.apply(x));
    this.denoise = remembering(denoise);
    this.conditional = conditional && { ...conditional, denoise: remembering(conditional.denoise) };
  }

  readonly scalar = (name: string, shape: Shape = []) => this.#input(`scalar.${name}`, shape);
  readonly noise = (purpose: string, shape: Shape = this.shape) => this.#input(`noise.${purpose}`, shape);

  #input(name: string, shape: Shape): Tensor {
    this.named[name] ??= input(shape);
    return this.named[name];
  }
}

/** Formulas of several kinds share one evaluation of a network (or of A, which may hold one) at the same tensors. */
function remembering<T extends readonly Tensor[]>(map: (...at: T) => Tensor): (...at: T) => Tensor {
  const calls: { at: T; value: Tensor }[] = [];
  return (...at) => {
    const before = calls.find((call) => call.at.every((tensor, i) => tensor === at[i]));
    if (before) return before.value;
    const value = map(...at);
    calls.push({ at, value });
    return value;
  };
}
