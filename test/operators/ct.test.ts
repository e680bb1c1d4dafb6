import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ct } from "../../src/operators/ct.ts";
import { adjoint } from "../../src/operators/index.ts";
import type { RadonFilter } from "../../src/operators/radon-filter.ts";
import { constant, evaluate, type Tensor, vjp } from "../../src/tensor/index.ts";
import { expectClose } from "../helpers/close.ts";

interface Golden {
  angles: number[];
  radon: { height: number; width: number; circle: boolean; x: number[]; y: number[] }[];
  iradon: { size: number; circle: boolean; filter: RadonFilter; x: number[]; y: number[] }[];
}
// Made by golden/make-radon.py with scikit-image.
const golden: Golden = JSON.parse(readFileSync(new URL("./golden/radon.json", import.meta.url), "utf8"));
const value = (t: Tensor) => evaluate([t])[0].data;
const picture = (data: ArrayLike<number>, ...shape: number[]) => constant(Float64Array.from(data), shape, "float32");
/** Weights are kept in single precision: 6e-8 of each, and up to 20 pixels of size 1 on a ray. */
const tolerance = 1e-6;

describe("scan", () => {
  it.each(golden.radon)("$height×$width, circle $circle: skimage.transform.radon", (g) => {
    const operator = ct({ angles: golden.angles, circle: g.circle, unit: "pixel" }, [1, 1, g.height, g.width]);
    expectClose(value(operator.apply(picture(g.x, 1, 1, g.height, g.width))), g.y, tolerance);
  });

  it("measures lengths in detector widths unless told otherwise", () => {
    const [{ height, width, x, y }] = golden.radon;
    const operator = ct({ angles: golden.angles }, [1, 1, height, width]);
    const detectors = operator.range[2];
    expectClose(
      value(operator.apply(picture(x, 1, 1, height, width))),
      y.map((v) => v / detectors),
      tolerance,
    );
  });

  it("marks the rays that miss the picture", () => {
    const operator = ct({ angles: [0, 45] }, [1, 1, 10, 10]);
    const observed = value(operator.observed as Tensor);
    const column = (angle: number) => Array.from({ length: 15 }, (_, c) => observed[2 * c + angle]);
    expect(column(0).reduce((a, b) => a + b)).toBe(10);
    expect(column(1).reduce((a, b) => a + b)).toBe(15);
  });
});

describe("filtered back-projection", () => {
  it.each(golden.iradon)("circle $circle, $filter: skimage.transform.iradon", (g) => {
    const options = { angles: golden.angles, circle: g.circle, filter: g.filter, unit: "pixel" } as const;
    const operator = ct(options, [1, 1, g.size, g.size]);
    const y = picture(g.y, 1, 1, operator.range[2], golden.angles.length);
    expectClose(value(operator.pseudoInverse?.(y) as Tensor), g.x, tolerance);
  });

  it("gives a smooth picture back from many angles", () => {
    const n = 32;
    const blob = Float64Array.from({ length: n * n }, (_, p) => {
      const [u, v] = [(p % n) - 18, Math.floor(p / n) - 14];
      return Math.exp(-(u * u + v * v) / 40);
    });
    const operator = ct({ angles: 90 }, [1, 1, n, n]);
    const back = value(operator.pseudoInverse?.(operator.apply(picture(blob, 1, 1, n, n))) as Tensor);
    expectClose(back, blob, 0.02);
  });
});

it("has derivatives of any order, each the exact transpose of the one before", () => {
  const operator = ct({ angles: 5 }, [1, 1, 6, 7]);
  const x = constant(0, [1, 1, 6, 7], "float32");
  const y = picture(
    Array.from({ length: 5 * operator.range[2] }, (_, k) => Math.sin(k)),
    ...operator.range,
  );
  // The VJP of the VJP is the operator again.
  const [again] = vjp([adjoint(operator, operator.apply(x))], [x], [adjoint(operator, y)]);
  expectClose(value(again), value(adjoint(operator, operator.apply(adjoint(operator, y)))), 1e-12);
});
