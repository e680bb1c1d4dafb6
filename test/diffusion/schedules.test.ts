import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSchedule, type ScheduleSpec, sigmaAt, timeAt } from "../../src/diffusion/index.ts";
import { expectClose } from "../helpers/close.ts";

const relative = (got: number, wanted: number) => Math.abs(got / wanted - 1);

// Published digits of alphaBar at t = 0, 99, 249, 499, 749, 999 and of sigma at both ends.
describe.each([
  {
    spec: { type: "linear" } as const,
    alphaBar: [0.9999, 0.897018, 0.524085, 0.0785872, 0.00335055, 4.03583e-5],
    sigma: [0.01000050004, 157.407],
  },
  {
    spec: { type: "scaled-linear" } as const,
    alphaBar: [0.99915, 0.895463, 0.675432, 0.27767, 0.0566235, 0.0046601],
    sigma: [0.029167, 14.6146],
  },
])("$spec.type", ({ spec, alphaBar, sigma }) => {
  const schedule = createSchedule(spec);
  test.each([0, 99, 249, 499, 749, 999].map((t, i) => [t, alphaBar[i]]))("alphaBar[%i] = %f", (t, wanted) => {
    expect(relative(schedule.alphaBar[t], wanted)).toBeLessThan(5e-6);
  });
  test("noise levels at both ends", () => {
    expect(relative(schedule.sigma[0], sigma[0])).toBeLessThan(1e-5);
    expect(relative(schedule.sigma[999], sigma[1])).toBeLessThan(5e-6);
  });
});

describe("cosine", () => {
  test("with T = 300 and betas in [1e-4, 0.9999]: the card of a published 64² model", () => {
    const { alphaBar } = createSchedule({ type: "cosine", steps: 300, minBeta: 1e-4, maxBeta: 0.9999 });
    const wanted = [0.9998435037, 0.999633069, 0.9982524865, 0.9703514174, 0.7383288442, 0.2419844697, 0.0634069766];
    expectClose(
      [0, 1, 5, 30, 100, 200, 250].map((t) => alphaBar[t]),
      wanted,
      1e-10,
    );
    expect(relative(alphaBar[298], 2.6986078e-5)).toBeLessThan(1e-7);
    expect(relative(alphaBar[299], 2.6986078e-9)).toBeLessThan(1e-7);
  });

  test("of Nichol & Dhariwal: alphaBar is the squared cosine until the last beta is clipped to 0.999", () => {
    const { alphaBar } = createSchedule({ type: "cosine" });
    const f = (u: number) => Math.cos(((u + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
    expect(alphaBar[499]).toBeCloseTo(f(0.5) / f(0), 12);
    expect(relative(alphaBar[999], alphaBar[998] * 0.001)).toBeLessThan(1e-12);
  });
});

test("a list of alphas is taken as it is", () => {
  const { sigma } = createSchedule({ type: "alphas-cumprod", values: [0.8, 0.5, 0.2] });
  expectClose(sigma, [0.5, 1, 2], 1e-15);
});

test.each<ScheduleSpec>([
  { type: "alphas-cumprod", values: [0.8, 0.9] },
  { type: "alphas-cumprod", values: [1, 0.5] },
  { type: "alphas-cumprod", values: [0.5, Number.NaN] },
  { type: "linear", betaEnd: 1.5 },
  { type: "linear", steps: 1 },
])("refuses %j", (spec) => {
  expect(() => createSchedule(spec)).toThrow("expected");
});

describe("fractional times", () => {
  const schedule = createSchedule({ type: "linear" });

  test("are exact at the trained levels, linear in log sigma between them", () => {
    for (const t of [0, 1, 500, 998, 999]) {
      expect(timeAt(schedule, schedule.sigma[t])).toBeCloseTo(t, 9);
      expect(sigmaAt(schedule, t)).toBeCloseTo(schedule.sigma[t], 12);
    }
    expect(timeAt(schedule, Math.sqrt(schedule.sigma[10] * schedule.sigma[11]))).toBeCloseTo(10.5, 10);
  });

  test("invert each other and are clamped at the ends", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 999, noNaN: true }), (t) => {
        expect(timeAt(schedule, sigmaAt(schedule, t))).toBeCloseTo(t, 8);
      }),
    );
    expect([timeAt(schedule, 1e-9), timeAt(schedule, 1e9)]).toEqual([0, 999]);
    expect([sigmaAt(schedule, -5), sigmaAt(schedule, 5000)]).toEqual([schedule.sigma[0], schedule.sigma[999]]);
  });
});
