import type { Engine } from "../engine/index.ts";
import { adjoint, type Operator } from "../operators/operator.ts";
import { input, sizeOf, type Tensor } from "../tensor/index.ts";
import type { Solver } from "./solver.ts";

/** Where a solver starts: a solver for A = I with the measurement, all others with the {@link firstGuess}. */
export async function startOf(
  { needs }: Pick<Solver, "needs">,
  ...[operator, y, sigmaY, engine, signal]: Parameters<typeof firstGuess>
): Promise<Float32Array> {
  return needs.identity ? y : firstGuess(operator, y, sigmaY, engine, signal);
}

/**
 * The classical initial estimate of an image, flat in the operator's domain: the operator's own (bicubic enlargement, a filled
 * hole, a Wiener deconvolution), else A†y, else Aᵀy/‖A‖² of a linear operator, else mid grey.
 * @param y flat in the operator's range
 * @param sigmaY standard deviation of the noise in y, on the [-1, 1] scale
 * @throws {TweedieError} aborted
 */
export async function firstGuess(
  operator: Operator,
  y: Float32Array,
  sigmaY: number,
  engine: Engine,
  signal?: AbortSignal,
): Promise<Float32Array> {
  if (operator.estimate) return Float32Array.from(operator.estimate(y, sigmaY));
  const inverse = inverseOf(operator);
  if (!inverse) return new Float32Array(sizeOf(operator.domain));
  const measured = input(operator.range);
  const program = await engine.compile({ inputs: { y: measured }, outputs: { x: inverse(measured) }, signal });
  try {
    return (await program.run({ y }, { signal })).x;
  } finally {
    await program.dispose();
  }
}

function inverseOf(operator: Operator): ((y: Tensor) => Tensor) | undefined {
  if (operator.pseudoInverse) return (y) => operator.pseudoInverse?.(y) as Tensor;
  if (!operator.linear) return undefined;
  return (y) => adjoint(operator, y).div(Math.max(operator.normSquared, 1e-12));
}
