import { describe, expect, it } from "vitest";
import { TweedieError } from "../../src/errors.ts";
import * as t from "../../src/tensor/index.ts";
import { apply, constant, input, type Op, type Tensor } from "../../src/tensor/index.ts";

const x = (...shape: number[]) => input(shape);
const int = (...shape: number[]) => input(shape, "int64");
const pool = { kernel: 3 };

/** One wrong use for each op and function: the call and what its error must say. */
const wrong: [op: string, call: () => unknown, message: string][] = [
  ...[
    "add",
    "sub",
    "mul",
    "div",
    "pow",
    "minimum",
    "maximum",
    "mod",
    "fmod",
    "equal",
    "less",
    "lessOrEqual",
    "greater",
  ].map((name): [string, () => unknown, string] => [
    name,
    () => (t as unknown as Record<string, (a: Tensor, b: Tensor) => Tensor>)[name](x(2, 3), x(4)),
    `${name}: expected shapes that broadcast together, got [2, 3] and [4]`,
  ]),
  ["add", () => x(2, 3).add(t.zeros([4])), "add: expected shapes that broadcast together, got [2, 3] and [4]"],
  ["mul", () => x(2, 3).mul(x(1).expand([4])), "mul: expected shapes that broadcast together, got [2, 3] and [4]"],
  [
    "greaterOrEqual",
    () => x(2).greaterOrEqual(int(2)),
    "greaterOrEqual: expected operands of one type, got float32 and int64",
  ],
  [
    "and",
    () => t.and(input([2], "bool"), input([3], "bool")),
    "and: expected shapes that broadcast together, got [2] and [3]",
  ],
  [
    "or",
    () => t.or(input([2], "bool"), input([3], "bool")),
    "or: expected shapes that broadcast together, got [2] and [3]",
  ],
  [
    "xor",
    () => t.xor(input([2], "bool"), input([3], "bool")),
    "xor: expected shapes that broadcast together, got [2] and [3]",
  ],
  ["where", () => x(2).where(1, 2), "where: expected a bool condition, got float32"],
  [
    "where",
    () => x(3).less(0).where(x(2), x(3)),
    "where: expected shapes that broadcast together, got [3] and [2] and [3]",
  ],
  ["clip", () => x(2).clip(Number.NaN), "clip: expected limits that are numbers, got NaN, Infinity"],
  ["prelu", () => t.prelu(x(3), x(2, 3)), "prelu: expected a slope that broadcasts to [3], got [2, 3]"],
  [
    "standardize",
    () => t.standardize(x(2, 3, 4, 5), x(1, 3, 4, 5), x(1, 3, 4, 1), 0),
    "standardize: expected a scale and bias per channel of [2, 3, 4, 5], got [1, 3, 4, 5]",
  ],
  ["sum", () => x(2, 3).sum(2), "sum: expected an axis in [-2, 1], got 2"],
  ["mean", () => x(2, 3).mean([0, -2]), "mean: expected distinct axes, got [0, 0]"],
  ["max", () => x(2, 0).max(1), "max: expected at least one element to reduce, got an empty axis"],
  ["min", () => x(0).min(), "min: expected at least one element to reduce, got an empty axis"],
  ["prod", () => x(2).prod(1), "prod: expected an axis in [-1, 0], got 1"],
  ["logSumExp", () => x(2).logSumExp(-2), "logSumExp: expected an axis in [-1, 0], got -2"],
  ["argMax", () => t.argMax(x(2, 0), 1), "argMax: expected at least one entry along the axis, got [2, 0]"],
  ["argMin", () => t.argMin(x(2, 3), 2), "argMin: expected an axis in [-2, 1], got 2"],
  ["softmax", () => x(2).softmax(1), "softmax: expected an axis in [-1, 0], got 1"],
  ["logSoftmax", () => t.logSoftmax(x(2), 1), "logSoftmax: expected an axis in [-1, 0], got 1"],
  ["cumsum", () => t.cumsum(x(2), 1), "cumsum: expected an axis in [-1, 0], got 1"],
  [
    "reciprocalDeviation",
    () => apply(t.reciprocalDeviationOp as Op, [x(2, 3, 4, 5), x(2, 3)], { eps: 0 }),
    "reciprocalDeviation: expected a mean [2, 3, 1, 1], got [2, 3]",
  ],
  ["reshape", () => x(2, 3).reshape(4), "reshape: expected 6 elements as in [2, 3], got [4]"],
  ["reshape", () => x(2, 3).reshape(-1, 4), "reshape: expected extents that divide 6 elements, got [-1, 4]"],
  ["reshape", () => x(2, 3).reshape(-1, -1), "reshape: expected at most one -1, got [-1, -1]"],
  ["transpose", () => x(2, 3).transpose([0, 0]), "transpose: expected a permutation of 2 axes, got [0, 0]"],
  ["expand", () => x(2, 3).expand([2, 4]), "expand: expected shapes that broadcast together, got [2, 3] and [2, 4]"],
  ["expand", () => x(2, 3).expand([1, 3]), "expand: expected a shape that [2, 3] broadcasts to, got [1, 3]"],
  ["squeeze", () => x(2, 1).squeeze(0), "squeeze: expected extent 1 at axis 0, got [2, 1]"],
  ["unsqueeze", () => x(2).unsqueeze(3), "unsqueeze: expected an axis in [-2, 1], got 3"],
  ["tile", () => x(2, 3).tile([2]), "tile: expected 2 repeats, got [2]"],
  ["slice", () => x(2).slice([0], [1], [0], [0]), "slice: expected a step other than 0, got 0"],
  [
    "slice",
    () => x(2).slice([0], [1, 2]),
    "slice: expected as many starts as ends, axes and steps, got [0], [1, 2], [0], [1]",
  ],
  ["narrow", () => x(4).narrow(0, 3, 2), "narrow: expected a range inside [0, 4), got [3, 5)"],
  ["split", () => x(4).split([1, 2]), "split: expected sizes that add up to 4, got [1, 2]"],
  ["concat", () => t.concat([x(2, 3), x(3, 2)]), "concat: expected float32 [2, 3] but for axis 0, got float32 [3, 2]"],
  ["concat", () => t.concat([]), "concat: expected at least one tensor, got none"],
  ["pad", () => x(2, 3).pad([[1, 1]]), "pad: expected amounts for 2 axes, got 1"],
  ["pad", () => x(0).pad([[1, 1]], "edge"), "pad: expected entries to copy from along axis 0, got [0]"],
  ["gather", () => x(3).gather(x(2)), "gather: expected integer indices, got float32"],
  [
    "gatherElements",
    () => t.gatherElements(x(2, 3), int(4, 3), 1),
    "gatherElements: expected indices like [2, 3] but for axis 1, got [4, 3]",
  ],
  ["scatterAdd", () => t.scatterAdd(x(3), [0, 1], 0, 4), "scatterAdd: expected 3 indices, got [2]"],
  [
    "scatterElementsAdd",
    () => t.scatterElementsAdd(x(3), int(2), 0, 4),
    "scatterElementsAdd: expected indices of shape [3], got [2]",
  ],
  [
    "scatterElements",
    () => t.scatterElements(x(2, 2), int(1, 3), x(1, 3)),
    "scatterElements: expected indices that fit [2, 2], got [1, 3]",
  ],
  ["gatherND", () => t.gatherND(x(2), int(1, 2)), "gatherND: expected index rows of at most 1 entries, got [1, 2]"],
  ["scatterND", () => t.scatterND(x(2, 3), int(1, 1), x(2)), "scatterND: expected 1 updates of [3], got [2]"],
  [
    "depthToSpace",
    () => x(1, 3, 2, 2).depthToSpace(2),
    "depthToSpace: expected channels divisible by 4, got [1, 3, 2, 2]",
  ],
  [
    "spaceToDepth",
    () => x(1, 3, 3, 2).spaceToDepth(2),
    "spaceToDepth: expected height and width divisible by 2, got [1, 3, 3, 2]",
  ],
  ["spaceToDepth", () => x(3, 3).spaceToDepth(2), "spaceToDepth: expected an [N, C, H, W] input, got [3, 3]"],
  ["trilu", () => t.trilu(x(3)), "trilu: expected an input of rank 2 or more, got [3]"],
  ["oneHot", () => t.oneHot(int(3), 4, { axis: 2 }), "oneHot: expected an axis in [-2, 1], got 2"],
  ["range", () => t.range(0, 1, 0), "range: expected a finite step other than 0, got 0"],
  ["constant", () => constant([1, 2], [3]), "constant: expected 3 elements for shape [3], got 2 elements"],
  ["matmul", () => x(2, 3).matmul(x(4, 5)), "matmul: expected a right operand with 3 rows for [2, 3], got [4, 5]"],
  ["matmul", () => x(2, 3, 3).matmul(x(4, 3, 3)), "matmul: expected shapes that broadcast together, got [2] and [4]"],
  ["matmul", () => x().matmul(x(2)), "matmul: expected operands of rank 1 or more, got [] and [2]"],
  [
    "conv",
    () => x(1, 3, 8, 8).conv(x(4, 2, 3, 3)),
    "conv: expected a weight for 3 channels in 1 group(s), got [4, 2, 3, 3]",
  ],
  [
    "conv",
    () => x(3, 8).conv(x(4, 3, 3, 3)),
    "conv: expected [N, C, H, W] and [O, C/groups, kh, kw], got [3, 8] and [4, 3, 3, 3]",
  ],
  [
    "conv",
    () => x(1, 3, 2, 8).conv(x(4, 3, 3, 3)),
    "conv: expected a picture at least as large as the 3×3 kernel, got [1, 3, 2, 8]",
  ],
  ["conv", () => x(1, 3, 8, 8).conv(x(4, 3, 3, 3), { bias: x(3) }), "conv: expected a bias of 4 values, got [3]"],
  [
    "conv",
    () => x(1, 3, 8).conv(x(4, 3, 3), { pads: [1, 1, 1, 1] }),
    "pads: expected [left, right] for [N, C, L], got [1, 1, 1, 1]",
  ],
  [
    "convTranspose",
    () => x(1, 3, 8, 8).convTranspose(x(4, 2, 3, 3)),
    "convTranspose: expected a weight for 3 channels in 1 group(s), got [4, 2, 3, 3]",
  ],
  [
    "averagePool",
    () => x(3, 8, 8, 8, 8).averagePool(pool),
    "averagePool: expected an [N, C, H, W] input, got [3, 8, 8, 8, 8]",
  ],
  [
    "averagePool",
    () => x(1, 1, 8, 8).averagePool({ kernel: 2, pads: 2 }),
    "averagePool: expected pads smaller than the 2×2 window, got [2, 2, 2, 2]",
  ],
  [
    "maxPool",
    () => x(1, 1, 2, 8).maxPool(pool),
    "maxPool: expected a picture at least as large as the 3×3 window, got [1, 1, 2, 8]",
  ],
  [
    "maxPoolIndices",
    () => apply(t.maxPoolIndicesOp as Op, [x(2)], {}),
    "maxPoolIndices: expected an [N, C, H, W] input, got [2]",
  ],
  ["resize", () => x(3, 8, 8).resize({ size: [4, 4] }), "resize: expected an [N, C, H, W] input, got [3, 8, 8]"],
  ["resize", () => x(1, 3, 8, 8).resize({ size: [0.5, 4] }), "resize: expected a size of whole numbers, got [0.5, 4]"],
  [
    "groupNorm",
    () => t.groupNorm(x(1, 6, 4), 4),
    "groupNorm: expected [N, C, ...] with C divisible by 4, got [1, 6, 4]",
  ],
  [
    "groupNorm",
    () => t.groupNorm(x(1, 6, 4), 3, { scale: x(3) }),
    "groupNorm: expected a scale and bias of 6 values, got [3]",
  ],
  [
    "instanceNorm",
    () => t.instanceNorm(x(1, 6)),
    "instanceNorm: expected [N, C, ...] with at least one more axis, got [1, 6]",
  ],
  [
    "layerNorm",
    () => t.layerNorm(x(2, 3), { scale: x(4, 2, 3) }),
    "layerNorm: expected scale and bias that broadcast to [2, 3], got [4, 2, 3]",
  ],
  ["rmsNorm", () => t.rmsNorm(x(2, 3), { axis: 2 }), "rmsNorm: expected an axis in [-2, 1], got 2"],
  [
    "attention",
    () => t.attention(x(2, 4), x(3, 5), x(3, 4)),
    "attention: expected q [..., T, d], k [..., S, d] and v [..., S, e], got [2, 4], [3, 5], [3, 4]",
  ],
  ["einsum", () => t.einsum("ij,jk->ik", x(2, 3)), 'einsum: expected 2 operands for "ij,jk->ik", got 1'],
  [
    "einsum",
    () => t.einsum("ij->k", x(2, 3)),
    "einsum: expected distinct output labels that occur on the left, got ij->k",
  ],
  [
    "einsum",
    () => t.einsum("ij,jk->ik", x(2, 3), x(4, 5)),
    "einsum, axis j: expected shapes that broadcast together, got [3] and [4]",
  ],
  ["fft2", () => t.fft2(x(3)), "fft2: expected an input of rank 2 or more, got [3]"],
  [
    "ifft2",
    () => t.ifft2({ re: x(2, 2), im: x(2, 3) }),
    "ifft2: expected real and imaginary parts of one shape, got [2, 2] and [2, 3]",
  ],
  [
    "irfft2",
    () => t.irfft2({ re: x(4, 4), im: x(4, 4) }, 4),
    "irfft2: expected 3 frequencies for a width of 4, got [4, 4]",
  ],
];

describe("a wrong shape names the op, what it expected and what it got", () => {
  it.each(wrong)("%s (%#)", (_, call, message) => {
    let error: unknown;
    try {
      call();
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(TweedieError);
    expect(error).toMatchObject({ code: "shape-mismatch", message });
  });

  it("every op has a wrong use here, but for those that take any shape", () => {
    const any = new Set(
      (
        "input parameter stopGradient probe cast not isNaN neg abs sign exp log sqrt reciprocal sin cos tan asin acos atan sinh cosh asinh acosh " +
        "atanh tanh sigmoid erf softplus relu silu floor ceil round leakyRelu elu step gelu"
      ).split(" "),
    );
    const table = Object.entries(t).flatMap(([name, op]) => (name.endsWith("Op") ? [(op as Op).name] : []));
    const covered = new Set(wrong.map(([name]) => name));
    expect(table.filter((name) => !covered.has(name) && !any.has(name))).toEqual([]);
  });
});
