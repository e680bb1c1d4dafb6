import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSchedule, karrasSigmas, logUniformSigmas, scheduleSigmas } from "../../src/diffusion/index.ts";
import { expectClose } from "../helpers/close.ts";

test("Karras levels: published digits for N = 5", () => {
  const wanted = [80, 17.52783, 2.515219, 0.1697528, 0.002, 0];
  karrasSigmas({ steps: 5, min: 0.002, max: 80 }).forEach((s, i) => {
    expect(Math.abs(s - wanted[i])).toBeLessThanOrEqual(5e-7 * wanted[i]);
  });
});

test("log-uniform levels", () => {
  expectClose(logUniformSigmas({ steps: 4, min: 0.01, max: 10 }), [10, 1, 0.1, 0.01, 0], 1e-12);
});

test("levels of a schedule: evenly spaced times, ends included", () => {
  const schedule = createSchedule({ type: "scaled-linear" });
  expectClose(
    scheduleSigmas(schedule, 4),
    [schedule.sigma[999], schedule.sigma[666], schedule.sigma[333], schedule.sigma[0], 0],
    1e-12,
  );
});

describe("every grid", () => {
  test("falls strictly from max to min, then 0", () => {
    const range = fc.tuple(
      fc.double({ min: 1e-4, max: 1, noNaN: true }),
      fc.double({ min: 1.01, max: 100, noNaN: true }),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 60 }),
        range,
        fc.double({ min: 1, max: 20, noNaN: true }),
        (steps, r, rho) => {
          const [min, max] = r;
          for (const grid of [karrasSigmas({ steps, min, max, rho }), logUniformSigmas({ steps, min, max })]) {
            expect(grid).toHaveLength(steps + 1);
            expect([grid[0], grid[steps - 1], grid[steps]]).toEqual([max, min, 0]);
            expect(grid.every((s, i) => i === 0 || s < grid[i - 1])).toBe(true);
          }
        },
      ),
    );
  });

  test("of one step is its largest level", () => {
    expect([...karrasSigmas({ steps: 1, min: 0.1, max: 3 })]).toEqual([3, 0]);
  });

  test.each([
    { steps: 0, min: 1, max: 2 },
    { steps: 2.5, min: 1, max: 2 },
    { steps: 3, min: 0, max: 2 },
    { steps: 3, min: 3, max: 2 },
    { steps: 3, min: Number.NaN, max: 2 },
  ])("refuses %j", (grid) => {
    expect(() => karrasSigmas(grid)).toThrow("expected");
    expect(() => logUniformSigmas(grid)).toThrow("expected");
  });
});
