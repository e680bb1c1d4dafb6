import type { Tensor } from "../tensor/index.ts";

/**
 * What stands for rounding, whose derivative is 0 almost everywhere:
 * - `straight-through`: rounds, and is differentiated as if it did not (the identity);
 * - `smooth`: ⌊v⌉ + (v − ⌊v⌉)³ (Shin and Song, 2017), differentiated as it is, 3(v − ⌊v⌉)²: at most an eighth off;
 * - `exact`: rounds, derivative 0.
 */
export type Rounding = "straight-through" | "smooth" | "exact";

export const roundings = ["straight-through", "smooth", "exact"] as const;

/** The nearest whole numbers (halves to the even one) in the given manner. */
export function rounded(v: Tensor, how: Rounding): Tensor {
  const whole = v.round();
  if (how === "exact") return whole;
  const rest = v.sub(whole.stopGradient());
  if (how === "smooth") return whole.stopGradient().add(rest.mul(rest.square()));
  return v.sub(rest.stopGradient());
}

/** Clips to [low, high]; with `straight-through` rounding differentiated as if it did not. */
export function clipped(v: Tensor, low: number, high: number, how: Rounding): Tensor {
  const inside = v.clip(low, high);
  return how === "straight-through" ? v.add(inside.sub(v).stopGradient()) : inside;
}
