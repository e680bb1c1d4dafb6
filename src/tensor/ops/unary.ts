import { roundEven } from "../dtype.ts";
import { erf as erf64 } from "../erf.ts";
import type { Op } from "../op.ts";
import { shapeError } from "../shape.ts";
import { apply, type Tensor } from "../tensor.ts";
import { sub } from "./binary.ts";
import { onnxType } from "./cast.ts";

/** Elementwise function: ONNX type, float64 function, derivative rule in (x, y, g). */
function unary(
  name: string,
  onnx: string,
  f: (x: number) => number,
  rule?: (x: Tensor, y: Tensor, g: Tensor) => Tensor,
): Op {
  return {
    name,
    infer(inputs) {
      if (inputs.length !== 1) throw shapeError(name, "one input", `${inputs.length}`);
      return inputs[0];
    },
    evaluate: ([x]) => x.data.map(f),
    onnx: (emit, [x]) => emit.node(onnx, [x]),
    vjp: rule && (({ inputs, output, gradient }) => [rule(inputs[0], output, gradient)]),
  };
}

const sigmoid64 = (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

export const negOp = unary(
  "neg",
  "Neg",
  (x) => -x,
  (_x, _y, g) => g.neg(),
);
export const absOp = unary("abs", "Abs", Math.abs, (x, _y, g) => g.mul(x.sign()));
export const signOp = unary("sign", "Sign", Math.sign);
export const expOp = unary("exp", "Exp", Math.exp, (_x, y, g) => g.mul(y));
export const logOp = unary("log", "Log", Math.log, (x, _y, g) => g.div(x));
export const sqrtOp = unary("sqrt", "Sqrt", Math.sqrt, (_x, y, g) => g.mul(0.5).div(y));
export const reciprocalOp = unary(
  "reciprocal",
  "Reciprocal",
  (x) => 1 / x,
  (_x, y, g) => g.mul(y.square()).neg(),
);
export const sinOp = unary("sin", "Sin", Math.sin, (x, _y, g) => g.mul(x.cos()));
export const cosOp = unary("cos", "Cos", Math.cos, (x, _y, g) => g.mul(x.sin()).neg());
export const tanOp = unary("tan", "Tan", Math.tan, (_x, y, g) => g.mul(y.square().add(1)));
export const asinOp = unary("asin", "Asin", Math.asin, (x, _y, g) => g.div(x.square().neg().add(1).sqrt()));
export const acosOp = unary("acos", "Acos", Math.acos, (x, _y, g) => g.div(x.square().neg().add(1).sqrt()).neg());
export const atanOp = unary("atan", "Atan", Math.atan, (x, _y, g) => g.div(x.square().add(1)));
export const sinhOp = unary("sinh", "Sinh", Math.sinh, (x, _y, g) => g.mul(cosh(x)));
export const coshOp = unary("cosh", "Cosh", Math.cosh, (x, _y, g) => g.mul(sinh(x)));
export const asinhOp = unary("asinh", "Asinh", Math.asinh, (x, _y, g) => g.div(x.square().add(1).sqrt()));
export const acoshOp = unary("acosh", "Acosh", Math.acosh, (x, _y, g) => g.div(x.square().sub(1).sqrt()));
export const atanhOp = unary("atanh", "Atanh", Math.atanh, (x, _y, g) => g.div(x.square().neg().add(1)));
export const tanhOp = unary("tanh", "Tanh", Math.tanh, (_x, y, g) => g.mul(y.square().neg().add(1)));
export const sigmoidOp = unary("sigmoid", "Sigmoid", sigmoid64, (_x, y, g) => g.mul(y.mul(y.neg().add(1))));
export const erfOp = unary("erf", "Erf", erf64, (x, _y, g) =>
  g.mul(
    x
      .square()
      .neg()
      .exp()
      .mul(2 / Math.sqrt(Math.PI)),
  ),
);
export const softplusOp = unary(
  "softplus",
  "Softplus",
  (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  (x, _y, g) => g.mul(x.sigmoid()),
);
// The rule reads the output, never the input: so ONNX Runtime can still fuse the ReLU into the convolution before it.
export const reluOp = unary(
  "relu",
  "Relu",
  (x) => (x > 0 ? x : Number.isNaN(x) ? x : 0),
  (_x, y, g) => g.mul(step(y)),
);
export const floorOp = unary("floor", "Floor", Math.floor);
export const ceilOp = unary("ceil", "Ceil", Math.ceil);
export const roundOp = unary("round", "Round", roundEven);

/**
 * 1 for x > 0, else 0; constant for differentiation. `HardSigmoid` with a huge slope does it in one pass on all cores,
 * where comparing and choosing take three and casting or `Sign` run on one core.
 */
export const stepOp: Op = {
  ...unary("step", "", (x) => (x > 0 ? 1 : 0)),
  onnx(emit, [x], { dtype }) {
    if (dtype === "float32") return emit.node("HardSigmoid", [x], { alpha: { f: 3e38 }, beta: { f: 0 } });
    return emit.node("Cast", [emit.node("Greater", [x, emit.constant([0], [], dtype)])], {
      to: { i: onnxType[dtype] },
    });
  },
};

/**
 * x·sigmoid(alpha·x), one pass as ONNX Runtime's `QuickGelu`. The rule needs the input alone, so that the output can be
 * freed: with s = sigmoid(alpha·x) the derivative is s·(1 + alpha·x·(1 - s)), and x·(1 - s) is the same op at -alpha.
 */
export const siluOp: Op<{ readonly alpha: number }> = {
  name: "silu",
  infer: ([x]) => x,
  evaluate: ([x], { alpha }) => x.data.map((v) => v * sigmoid64(alpha * v)),
  onnx(emit, [x], node) {
    const { alpha } = node.attrs as { alpha: number };
    if (emit.contrib && node.dtype === "float32")
      return emit.node("QuickGelu", [x], { alpha: { f: alpha } }, "com.microsoft");
    const scaled = alpha === 1 ? x : emit.node("Mul", [x, emit.constant([alpha], [], node.dtype)]);
    return emit.node("Mul", [x, emit.node("Sigmoid", [scaled])]);
  },
  vjp({ inputs: [x], attrs: { alpha }, gradient }) {
    const rest = silu(x, -alpha).mul(alpha).add(1);
    return [gradient.mul(x.mul(alpha).sigmoid()).mul(rest)];
  },
};

const build = (op: Op) => (x: Tensor) => apply(op, [x], undefined);

export const neg = build(negOp);
export const abs = build(absOp);
export const sign = build(signOp);
export const exp = build(expOp);
export const log = build(logOp);
export const sqrt = build(sqrtOp);
export const reciprocal = build(reciprocalOp);
export const sin = build(sinOp);
export const cos = build(cosOp);
export const tan = build(tanOp);
export const asin = build(asinOp);
export const acos = build(acosOp);
export const atan = build(atanOp);
export const sinh = build(sinhOp);
export const cosh = build(coshOp);
export const asinh = build(asinhOp);
export const acosh = build(acoshOp);
export const atanh = build(atanhOp);
export const tanh = build(tanhOp);
export const sigmoid = build(sigmoidOp);
export const erf = build(erfOp);
export const softplus = build(softplusOp);
export const relu = build(reluOp);
export const step = build(stepOp);
export const floor = build(floorOp);
export const ceil = build(ceilOp);
export const round = build(roundOp);

/** x·sigmoid(alpha·x): SiLU (swish), or its sharper relatives. */
export function silu(x: Tensor, alpha = 1): Tensor {
  return apply(siluOp, [x], { alpha });
}

/** Rounds towards zero. */
export function trunc(x: Tensor): Tensor {
  return x.sign().mul(x.abs().floor());
}

const tanhArgument = (x: number) => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);

export const geluOp: Op<{ readonly approximate: "none" | "tanh" }> = {
  name: "gelu",
  infer: ([x]) => x,
  evaluate: ([x], { approximate }) =>
    x.data.map((v) => 0.5 * v * (1 + (approximate === "none" ? erf64(v * Math.SQRT1_2) : Math.tanh(tanhArgument(v))))),
  onnx: (emit, [x], node) =>
    emit.node("Gelu", [x], { approximate: { s: (node.attrs as { approximate: string }).approximate } }),
  vjp({ inputs: [x], attrs: { approximate }, gradient }) {
    const square = x.mul(x);
    if (approximate === "none") {
      const density = square
        .mul(-0.5)
        .exp()
        .mul(Math.sqrt(0.5 / Math.PI));
      return [gradient.mul(x.mul(Math.SQRT1_2).erf().add(1).mul(0.5).add(x.mul(density)))];
    }
    // with t = tanh(u): (1 + t)/2 + x/2·(1 - t²)·u', and (1 - t²)/2 = (1 + t)/2·(1 - t)
    const c = Math.sqrt(2 / Math.PI);
    const t = square
      .mul(0.044715 * c)
      .add(c)
      .mul(x)
      .tanh();
    const inner = square
      .mul(3 * 0.044715 * c)
      .add(c)
      .mul(x); // x·u'
    return [gradient.mul(t.add(1).mul(0.5)).mul(sub(1, t).mul(inner).add(1))];
  },
};

/** Gaussian error linear unit, exact or in its tanh approximation (Hendrycks & Gimpel, arXiv 1606.08415). */
export function gelu(x: Tensor, approximate: "none" | "tanh" = "none"): Tensor {
  return apply(geluOp, [x], { approximate });
}
