import fc from "fast-check";
import * as t from "../all.ts";
import { axesOf, axisOf, type Cases, type Domain, fixed, type Problem, shapes } from "./value.ts";

type Reduction = (x: t.Tensor, axes?: readonly number[], keepDims?: boolean) => t.Tensor;

function reduction(build: Reduction, domain: Domain = "signed", filled = false): fc.Arbitrary<Problem> {
  return shapes(1, 4, filled).chain((s) =>
    fc.tuple(fixed(s, domain), axesOf(s.length), fc.boolean()).map(([x, axes, keep]) => ({
      inputs: [x],
      build: (v: t.Tensor) => build(v, axes, keep),
      note: `axes ${axes}, keepDims ${keep}`,
    })),
  );
}

function along(
  build: (x: t.Tensor, axis: number, flag: boolean, other: boolean) => t.Tensor,
  domain: Domain = "signed",
) {
  return shapes(1, 4, true).chain((s) =>
    fc.tuple(fixed(s, domain), axisOf(s.length), fc.boolean(), fc.boolean()).map(([x, axis, a, b]) => ({
      inputs: [x],
      build: (v: t.Tensor) => build(v, axis, a, b),
      note: `axis ${axis}, ${a}, ${b}`,
    })),
  );
}

export const reductions: Cases = {
  sum: reduction(t.sum),
  mean: reduction(t.mean, "signed", true),
  max: reduction(t.max, "distinct", true),
  min: reduction(t.min, "distinct", true),
  prod: reduction(t.prod),
  logSumExp: reduction(t.logSumExp, "large", true),
  reduceL1: reduction(t.reduceL1),
  reduceL2: reduction(t.reduceL2, "signed", true),
  norm: shapes(0, 4, true).chain((s) => fixed(s).map((x) => ({ inputs: [x], build: (v: t.Tensor) => t.norm(v) }))),
  sumTo: shapes(1, 4).chain((s) =>
    fc
      .tuple(fixed(s), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), fc.nat({ max: s.length }))
      .map(([x, ones, drop]) => ({
        inputs: [x],
        build: (v: t.Tensor) => t.sumTo(v, s.map((d, i) => (ones[i] ? 1 : d)).slice(drop)),
      })),
  ),
  argMax: along((x, axis, keep) => t.argMax(x, axis, keep), "distinct"),
  argMin: along((x, axis, keep) => t.argMin(x, axis, keep), "distinct"),
  softmax: along((x, axis) => t.softmax(x, axis), "large"),
  logSoftmax: along((x, axis) => t.logSoftmax(x, axis), "large"),
  cumsum: along((x, axis, exclusive, reverse) => t.cumsum(x, axis, { exclusive, reverse })),
};
