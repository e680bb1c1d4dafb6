import fc from "fast-check";
import * as t from "../all.ts";
import {
  bools,
  broadcastable,
  type Cases,
  type Domain,
  fixed,
  integers,
  type Problem,
  shapes,
  simple,
  value,
} from "./value.ts";

type Binary = (a: t.Tensor, b: t.Tensor) => t.Tensor;

function binary(build: Binary, left: Domain = "signed", right: Domain = left): fc.Arbitrary<Problem> {
  return broadcastable.chain(([a, b]) =>
    fc.tuple(fixed(a, left), fixed(b, right)).map((inputs) => ({ inputs, build: build as Problem["build"] })),
  );
}

/** Whole numbers: comparisons must meet equal operands. */
function integerBinary(build: Binary, dtype: t.DType = "int64"): fc.Arbitrary<Problem> {
  return broadcastable.chain(([a, b]) =>
    fc
      .tuple(integers(a, -3, 4, dtype), integers(b, -3, 4, dtype))
      .map((inputs) => ({ inputs, build: build as Problem["build"] })),
  );
}

const boolBinary = (build: Binary) =>
  broadcastable.chain(([a, b]) =>
    fc.tuple(bools(a), bools(b)).map((inputs) => ({ inputs, build: build as Problem["build"] })),
  );

/** Functions with a number as attribute. */
const withNumber = (
  build: (x: t.Tensor, k: number) => t.Tensor,
  low: number,
  high: number,
  domain: Domain = "signed",
) =>
  fc.tuple(value(shapes(), domain), fc.double({ min: low, max: high, noNaN: true })).map(([x, k]) => ({
    inputs: [x],
    build: (v: t.Tensor) => build(v, k),
    note: String(k),
  }));

export const elementwise: Cases = {
  neg: simple(t.neg),
  abs: simple(t.abs),
  sign: simple(t.sign),
  exp: simple(t.exp),
  log: simple(t.log, "positive"),
  sqrt: simple(t.sqrt, "positive"),
  reciprocal: simple(t.reciprocal),
  sin: simple(t.sin),
  cos: simple(t.cos),
  tan: simple(t.tan, [-1.2, 1.2]),
  asin: simple(t.asin, "unit"),
  acos: simple(t.acos, "unit"),
  atan: simple(t.atan),
  sinh: simple(t.sinh),
  cosh: simple(t.cosh),
  tanh: simple(t.tanh),
  asinh: simple(t.asinh),
  acosh: simple(t.acosh, [1.2, 4]),
  atanh: simple(t.atanh, "unit"),
  sigmoid: simple(t.sigmoid, "large"),
  erf: simple(t.erf),
  softplus: simple(t.softplus, "large"),
  relu: simple(t.relu),
  silu: fc.oneof(
    simple((x) => t.silu(x), "large"),
    simple((x) => t.silu(x, 1.702)),
  ),
  step: simple(t.step),
  gelu: fc.oneof(
    simple((x) => t.gelu(x)),
    simple((x) => t.gelu(x, "tanh")),
  ),
  floor: simple(t.floor, [0.1, 0.9]),
  ceil: simple(t.ceil, [-3.9, -3.1]),
  round: simple(t.round, [1.6, 2.4]),
  trunc: simple(t.trunc, [-1.9, -1.1]),
  leakyRelu: withNumber(t.leakyRelu, -0.5, 0.9),
  elu: withNumber(t.elu, 0.1, 2),
  selu: simple((x) => t.selu(x)),
  celu: withNumber(t.celu, 0.3, 2),
  thresholdedRelu: withNumber((x, k) => t.thresholdedRelu(x, k), -0.15, 0.15),
  hardSigmoid: simple((x) => t.hardSigmoid(x, 0.2, 0.5)),
  hardSwish: simple(t.hardSwish),
  mish: simple(t.mish),
  softsign: simple(t.softsign),
  shrink: withNumber((x, k) => t.shrink(x, 0.1, k), -0.5, 0.5),
  prelu: shapes(1, 4).chain((s) =>
    fc
      .tuple(fixed(s), fixed(s.map((d, i) => (i % 2 === 0 ? d : 1))))
      .map((inputs) => ({ inputs, build: t.prelu as Problem["build"] })),
  ),
  add: binary(t.add),
  sub: binary(t.sub),
  mul: binary(t.mul),
  div: fc.oneof(
    binary(t.div),
    integerBinary((a, b) => t.div(a, b.abs().add(1))),
  ),
  pow: fc.oneof(
    binary(t.pow, "positive", "signed"),
    fc
      .tuple(value(shapes()), fc.constantFrom(-2, -1, 0, 1, 2, 3))
      .map(([x, k]) => ({ inputs: [x], build: (v: t.Tensor) => t.pow(v, k), note: `exponent ${k}` })),
    fc
      .tuple(value(shapes(), "positive"), fc.constantFrom(0.5, 1.5, -0.5))
      .map(([x, k]) => ({ inputs: [x], build: (v: t.Tensor) => t.pow(v, k), note: `exponent ${k}` })),
  ),
  minimum: binary(t.minimum, "signed", [-0.15, 0.15]),
  maximum: binary(t.maximum, [-0.15, 0.15], "signed"),
  mod: fc.oneof(
    binary(t.mod, [5.1, 5.9], [3.1, 4.4]),
    binary(t.mod, [-5.9, -5.1], [3.1, 4.4]),
    integerBinary((a, b) => t.mod(a, b.abs().add(1).neg())),
  ),
  fmod: fc.oneof(binary(t.fmod, [5.1, 5.9], [-4.4, -3.1]), binary(t.fmod, [-5.9, -5.1], [2.1, 2.4])),
  equal: integerBinary(t.equal),
  less: integerBinary(t.less),
  lessOrEqual: integerBinary(t.lessOrEqual),
  greater: integerBinary(t.greater),
  greaterOrEqual: integerBinary(t.greaterOrEqual),
  and: boolBinary(t.and),
  or: boolBinary(t.or),
  xor: boolBinary(t.xor),
  not: shapes().chain((s) => bools(s).map((x) => ({ inputs: [x], build: (v: t.Tensor) => t.not(v) }))),
  isNotANumber: simple((x) => t.isNotANumber(x.sub(0.5).sqrt())),
  isInfinite: fc.tuple(fc.boolean(), fc.boolean(), value(shapes())).map(([positive, negative, x]) => ({
    inputs: [x],
    build: (v: t.Tensor) => t.isInfinite(v.div(v.relu()), { positive, negative }),
  })),
  where: broadcastable.chain(([a, b]) =>
    fc.tuple(bools(b), fixed(a), fixed(b)).map((inputs) => ({
      inputs,
      build: ((c: t.Tensor, p: t.Tensor, q: t.Tensor) => t.where(c, p, q)) as Problem["build"],
    })),
  ),
  clip: fc
    .constantFrom([-0.1, undefined], [undefined, 0.1], [-0.1, 0.15], [-5, 5])
    .chain(([min, max]) => simple((x) => t.clip(x, min, max))),
  cast: fc
    .constantFrom<t.DType[]>("float64", "int64", "int32", "bool", "uint8")
    .chain((dtype) => simple((x) => t.cast(x, dtype), dtype === "uint8" ? [0.1, 9] : "signed")),
  // Where the function does not vary; that it stops derivatives elsewhere is a convention, tested as such.
  stopGradient: simple((x) => t.stopGradient(x.floor()), [0.1, 0.9]),
  probe: simple((x) => t.probe(x.square(), "network")),
};
