import { expect } from "vitest";

/** Every number of `got` lies within `tolerance` (absolute) of its counterpart. */
export function expectClose(got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(wanted.length);
  let worst = 0;
  for (let i = 1; i < got.length; i++) {
    if (!(Math.abs(got[i] - wanted[i]) <= Math.abs(got[worst] - wanted[worst]))) worst = i;
  }
  if (got.length > 0)
    expect(Math.abs(got[worst] - wanted[worst]), `entry ${worst}: ${got[worst]}, not ${wanted[worst]}`).toBeLessThan(
      tolerance,
    );
}

/** ‖got - wanted‖ / ‖wanted‖. */
export function relativeError(got: ArrayLike<number>, wanted: ArrayLike<number>): number {
  expect(got.length).toBe(wanted.length);
  let difference = 0;
  let size = 0;
  for (let i = 0; i < got.length; i++) {
    difference += (got[i] - wanted[i]) ** 2;
    size += wanted[i] ** 2;
  }
  return Math.sqrt(difference / size);
}
