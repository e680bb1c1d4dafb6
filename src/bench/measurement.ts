import type { Engine } from "../engine/index.ts";
import { addNoise, type Operator, observedEntries } from "../operators/index.ts";
import { fnv1a } from "../random/stream.ts";
import { input, sizeOf } from "../tensor/index.ts";
import type { BenchPicture } from "./pictures.ts";

/** Simulates measurements of one operator and computes residuals. */
export interface Simulator {
  /** y, flat in the operator's range. */
  measure(picture: BenchPicture): Promise<Float32Array>;
  /** ‖y − A(x)‖₂ */
  residual(y: Float32Array, x: Float32Array): Promise<number>;
  dispose(): Promise<void>;
}

/**
 * y = A(x) + sigma·n on the [-1, 1] scale. The noise depends on the seed and the picture's name alone, so that a picture
 * has the same noise whichever others are tried with it.
 */
export async function createSimulator(
  operator: Operator,
  sigma: number,
  seed: number,
  engine: Engine,
  signal?: AbortSignal,
): Promise<Simulator> {
  const x = input(operator.domain);
  const forward = await engine.compile({ inputs: { x }, outputs: { y: operator.apply(x) }, signal });
  const apply = async (data: Float32Array) => (await forward.run({ x: data })).y;
  const observed = observedEntries(operator);
  return {
    async measure({ set, name, data }) {
      const stream = { seed, sample: fnv1a(`${set}/${name}`), purpose: "measurement" };
      return addNoise(await apply(data), { sigma }, stream, observed);
    },
    async residual(y, data) {
      const again = await apply(data);
      return Math.sqrt(y.reduce((sum, v, i) => sum + (v - again[i]) ** 2, 0));
    },
    dispose: () => forward.dispose(),
  };
}

/** The operator's own estimate; else A†y; else mid grey. */
export async function firstGuess(
  operator: Operator,
  y: Float32Array,
  sigma: number,
  engine: Engine,
): Promise<Float32Array> {
  if (operator.estimate) return Float32Array.from(operator.estimate(y, sigma));
  if (!operator.pseudoInverse) return new Float32Array(sizeOf(operator.domain));
  const placeholder = input(operator.range);
  const program = await engine.compile({
    inputs: { y: placeholder },
    outputs: { x: operator.pseudoInverse(placeholder) },
  });
  try {
    return (await program.run({ y })).x;
  } finally {
    await program.dispose();
  }
}
