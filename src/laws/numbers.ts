import { normals } from "../random/index.ts";
import { constant, evaluate, type Shape, sizeOf, type Tensor } from "../tensor/index.ts";

export type Numbers = Float64Array;

export const dot = (a: Numbers, b: Numbers): number => a.reduce((sum, v, i) => sum + v * b[i], 0);
export const norm = (a: Numbers): number => Math.sqrt(dot(a, a));
export const value = (x: Tensor): Numbers => evaluate([x])[0].data;
export const batchOf = (shape: Shape, samples: number): Shape => [samples, ...shape.slice(1)];

/** ‖got − expected‖ / ‖expected‖, or the absolute difference where nothing was expected. */
export function difference(got: Numbers, expected: Numbers): number {
  if (got.length !== expected.length) return Number.POSITIVE_INFINITY;
  const size = norm(expected);
  const error = norm(got.map((v, i) => v - expected[i]));
  return size > 0 ? error / size : error;
}

/** Seeded normal numbers; for pictures half as large and kept within [-1, 1]. */
export class Draws {
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  picture(shape: Shape, purpose: string): Tensor {
    return this.#tensor(shape, purpose, (v) => Math.min(1, Math.max(-1, 0.4 * v)));
  }

  normal(shape: Shape, purpose: string): Tensor {
    return this.#tensor(shape, purpose, (v) => v);
  }

  #tensor(shape: Shape, purpose: string, map: (v: number) => number): Tensor {
    const data = normals({ seed: this.#seed, purpose: `check ${purpose}` }, sizeOf(shape));
    return constant(Float64Array.from(data, map), shape, "float32");
  }
}
