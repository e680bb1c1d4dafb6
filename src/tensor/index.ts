/**
 * The language that denoisers, operators and solvers are written in: immutable tensors of static shape, NumPy broadcasting,
 * derivatives that are expressions again.
 *
 * Most of it are methods of {@link Tensor}; the functions here have no method, or take a number first. `tweedie/tensor/ops` is
 * the table of ops below it.
 *
 * @example
 * const x = input([1, 3, 64, 64]);
 * const [g] = gradient(y.sub(A(x)).square().sum(), [x]);
 * const [value] = evaluate([g], new Map([[x, data]]));
 *
 * @module
 */
export { type AttentionOptions, attention } from "./attention.ts";
export type { DType, TypedArray } from "./dtype.ts";
export { einsum } from "./einsum.ts";
export { evaluate, type Feed } from "./evaluate.ts";
export { type Complex, type FftNorm, fft2, ifft2, irfft2, rfft2 } from "./fft.ts";
export { gradient, jvp, vjp } from "./gradient.ts";
export { groupNorm, instanceNorm, layerNorm, type NormOptions, rmsNorm } from "./normalize.ts";
export type { Emitter, NDArray, OnnxAttribute, Op, Spec, VjpContext } from "./op.ts";
export {
  acos,
  acosh,
  add,
  argMax,
  argMin,
  asin,
  asinh,
  atan,
  atanh,
  type ConstantData,
  type ConvOptions,
  type ConvTransposeOptions,
  type CoordinateMode,
  celu,
  concat,
  constant,
  cosh,
  cumsum,
  type DepthOrder,
  div,
  elu,
  eye,
  fmod,
  gatherElements,
  gatherND,
  hardSigmoid,
  hardSwish,
  input,
  isInfinite,
  isNotANumber,
  leakyRelu,
  logSoftmax,
  maximum,
  minimum,
  mish,
  mod,
  mul,
  type NearestMode,
  oneHot,
  ones,
  type PadMode,
  type Pads,
  type Pair,
  type PoolOptions,
  parameter,
  pow,
  prelu,
  probe,
  type ResizeMode,
  type ResizeOptions,
  range,
  reduceL1,
  reduceL2,
  type ScatterReduction,
  scatterAdd,
  scatterElements,
  scatterElementsAdd,
  scatterND,
  selu,
  shrink,
  sinh,
  softsign,
  stack,
  step,
  sub,
  tan,
  thresholdedRelu,
  trilu,
  trunc,
  where,
  xor,
  zeros,
} from "./ops/index.ts";
export { type Shape, sizeOf } from "./shape.ts";
export { substitute } from "./substitute.ts";
export { Tensor, type TensorLike } from "./tensor.ts";
