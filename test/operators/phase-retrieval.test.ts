import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { phaseRetrieval } from "../../src/operators/phase-retrieval.ts";
import { resolveAmbiguities } from "../../src/operators/phase-retrieval-ambiguities.ts";
import { uniforms } from "../../src/random/index.ts";
import { constant, evaluate, gradient, type Tensor } from "../../src/tensor/index.ts";
import { expectClose, relativeError } from "../helpers/close.ts";

interface Golden {
  magnitudes: { height: number; width: number; x: number[]; signed: number[]; unit: number[] }[];
}
// Made by golden/make-kspace.py with NumPy.
const golden: Golden = JSON.parse(readFileSync(new URL("./golden/kspace.json", import.meta.url), "utf8"));
const value = (t: Tensor) => evaluate([t])[0].data;
const picture = (data: ArrayLike<number>, ...shape: number[]) => constant(Float64Array.from(data), shape, "float32");

describe.each(golden.magnitudes)("$height×$width, as NumPy", ({ height, width, x, signed, unit }) => {
  const domain = [1, 1, height, width];

  it("transforms [-1, 1] (DPS) or [0, 1] (DAPS)", () => {
    const of = (values: "signed" | "unit") => value(phaseRetrieval({ values }, domain).apply(picture(x, ...domain)));
    expectClose(of("signed"), signed, 1e-11);
    expectClose(of("unit"), unit, 1e-11);
  });

  it("pads an eighth of the side for each unit of oversampling", () => {
    const { range } = phaseRetrieval({}, [1, 3, 256, 256]);
    expect(range).toEqual([1, 3, 384, 384]);
    expect(phaseRetrieval({ oversample: 0 }, domain).range).toEqual(domain);
  });

  it("cannot tell a picture from its negative or from itself turned by half a turn", () => {
    const operator = phaseRetrieval({}, domain);
    const y = value(operator.apply(picture(x, ...domain)));
    expectClose(value(operator.apply(picture(x.toReversed(), ...domain))), y, 1e-11);
    expectClose(value(operator.apply(picture(x, ...domain).neg())), y, 1e-11);
  });
});

it("has derivatives where magnitudes are 0", () => {
  const domain = [1, 1, 4, 4];
  const x = constant(0, domain, "float32");
  const y = phaseRetrieval({}, domain).apply(x);
  const [g] = gradient(y.sub(1).square().sum(), [x]);
  expect(Array.from(value(g))).toEqual(new Array(16).fill(0));
});

it("finds a picture from its magnitudes, but for the ambiguities", () => {
  const [h, w] = [12, 12];
  const domain = [1, 3, h, w];
  // A few blobs on black, the same in each channel but for its strength.
  const blob = Float64Array.from({ length: h * w }, (_, k) => {
    const [i, j] = [Math.floor(k / w), k % w];
    return Math.exp(-((i - 3) ** 2 + (j - 4) ** 2) / 4) + 0.6 * Math.exp(-((i - 8) ** 2 + (j - 7) ** 2) / 6);
  });
  const x = Float64Array.from(
    { length: 3 * h * w },
    (_, k) => (1.9 - 0.3 * Math.floor(k / (h * w))) * blob[k % (h * w)] - 1,
  );
  const operator = phaseRetrieval({ values: "unit" }, domain);
  const y = value(operator.apply(picture(x, ...domain)));
  const estimate = operator.estimate?.(y, 0) as Float64Array;
  expect(relativeError(value(operator.apply(picture(estimate, ...domain))), y)).toBeLessThan(0.05);
  const { picture: resolved, resolutions } = resolveAmbiguities(estimate, x, [3, h, w], { shift: 3, negate: false });
  // Its channels agree on how they lie.
  expect(new Set(resolutions.map(({ turned }) => turned)).size).toBe(1);
  expect(relativeError(resolved, x)).toBeLessThan(0.2);
});

it("undoes a turn, a shift and a change of sign, channel by channel", () => {
  const x = Float64Array.from(uniforms({ seed: 1, purpose: "x" }, 2 * 25), (v) => v - 0.5);
  const turned = Float64Array.from(x, (_, k) => (k < 25 ? x[24 - k] : -x[k]));
  const { picture: back, resolutions } = resolveAmbiguities(turned, x, [2, 5, 5]);
  expectClose(back, x, 1e-15);
  expect(resolutions.map(({ turned, negated }) => [turned, negated])).toEqual([
    [true, false],
    [false, true],
  ]);
  const moved = Float64Array.from(x, (_, k) => (k % 5 === 4 ? 0 : x[k + 1]));
  expect(resolveAmbiguities(moved, x, [2, 5, 5], { shift: 1 }).resolutions[0].shift).toEqual([0, 1]);
});
