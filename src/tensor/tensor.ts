import type { DType, TypedArray } from "./dtype.ts";
import type { Op } from "./op.ts";
import * as ops from "./ops/index.ts";
import { type Shape, sizeOf } from "./shape.ts";

let nextId = 0;

/** Anything that can stand for a tensor in an expression: numbers become constants of the other operand's type. */
export type TensorLike = Tensor | number;

/**
 * An immutable node of an expression graph: an op, its inputs and attributes, and the static shape and type of the
 * result. Building one runs nothing. Ids grow with creation, so every input has a smaller id than its users.
 */
// biome-ignore format: a table of one-line methods
export class Tensor {
  readonly id = nextId++;
  readonly op: Op;
  readonly inputs: readonly Tensor[];
  readonly attrs: unknown;
  readonly shape: Shape;
  readonly dtype: DType;

  /** Use `apply(op, inputs, attrs)`: it runs the shape rule. */
  constructor(op: Op, inputs: readonly Tensor[], attrs: unknown, shape: Shape, dtype: DType) {
    this.op = op;
    this.inputs = inputs;
    this.attrs = attrs;
    this.shape = shape;
    this.dtype = dtype;
  }

  get rank(): number {
    return this.shape.length;
  }
  get size(): number {
    return sizeOf(this.shape);
  }

  // Elementwise
  neg(): Tensor { return ops.neg(this); }
  abs(): Tensor { return ops.abs(this); }
  sign(): Tensor { return ops.sign(this); }
  exp(): Tensor { return ops.exp(this); }
  log(): Tensor { return ops.log(this); }
  sqrt(): Tensor { return ops.sqrt(this); }
  square(): Tensor { return ops.mul(this, this); }
  reciprocal(): Tensor { return ops.reciprocal(this); }
  sin(): Tensor { return ops.sin(this); }
  cos(): Tensor { return ops.cos(this); }
  tanh(): Tensor { return ops.tanh(this); }
  sigmoid(): Tensor { return ops.sigmoid(this); }
  erf(): Tensor { return ops.erf(this); }
  softplus(): Tensor { return ops.softplus(this); }
  relu(): Tensor { return ops.relu(this); }
  silu(): Tensor { return ops.silu(this); }
  gelu(approximate: "none" | "tanh" = "none"): Tensor { return ops.gelu(this, approximate); }
  floor(): Tensor { return ops.floor(this); }
  ceil(): Tensor { return ops.ceil(this); }
  round(): Tensor { return ops.round(this); }
  add(other: TensorLike): Tensor { return ops.add(this, other); }
  sub(other: TensorLike): Tensor { return ops.sub(this, other); }
  mul(other: TensorLike): Tensor { return ops.mul(this, other); }
  div(other: TensorLike): Tensor { return ops.div(this, other); }
  pow(other: TensorLike): Tensor { return ops.pow(this, other); }
  minimum(other: TensorLike): Tensor { return ops.minimum(this, other); }
  maximum(other: TensorLike): Tensor { return ops.maximum(this, other); }
  clip(min?: number, max?: number): Tensor { return ops.clip(this, min, max); }
  equal(other: TensorLike): Tensor { return ops.equal(this, other); }
  less(other: TensorLike): Tensor { return ops.less(this, other); }
  lessOrEqual(other: TensorLike): Tensor { return ops.lessOrEqual(this, other); }
  greater(other: TensorLike): Tensor { return ops.greater(this, other); }
  greaterOrEqual(other: TensorLike): Tensor { return ops.greaterOrEqual(this, other); }
  /** Elementwise choice; `this` is the boolean condition. */
  where(then: TensorLike, otherwise: TensorLike): Tensor { return ops.where(this, then, otherwise); }
  not(): Tensor { return ops.not(this); }
  and(other: Tensor): Tensor { return ops.and(this, other); }
  or(other: Tensor): Tensor { return ops.or(this, other); }
  cast(dtype: DType): Tensor { return ops.cast(this, dtype); }

  // Reductions: over `axes` (all by default)
  sum(axes?: number | readonly number[], keepDims = false): Tensor { return ops.sum(this, axes, keepDims); }
  mean(axes?: number | readonly number[], keepDims = false): Tensor { return ops.mean(this, axes, keepDims); }
  max(axes?: number | readonly number[], keepDims = false): Tensor { return ops.max(this, axes, keepDims); }
  min(axes?: number | readonly number[], keepDims = false): Tensor { return ops.min(this, axes, keepDims); }
  prod(axes?: number | readonly number[], keepDims = false): Tensor { return ops.prod(this, axes, keepDims); }
  logSumExp(axes?: number | readonly number[], keepDims = false): Tensor { return ops.logSumExp(this, axes, keepDims); }
  /** Euclidean norm of all elements; its derivative at zero is taken as zero. */
  norm(): Tensor { return ops.norm(this); }
  dot(other: Tensor): Tensor { return ops.mul(this, other).sum(); }
  softmax(axis = -1): Tensor { return ops.softmax(this, axis); }

  // Shape
  reshape(...shape: readonly (number | readonly number[])[]): Tensor { return ops.reshape(this, shape.flat()); }
  flatten(): Tensor { return ops.reshape(this, [-1]); }
  /** Permutes axes; reverses them by default. */
  transpose(permutation?: readonly number[]): Tensor { return ops.transpose(this, permutation); }
  expand(shape: Shape): Tensor { return ops.expand(this, shape); }
  squeeze(axes?: number | readonly number[]): Tensor { return ops.squeeze(this, axes); }
  unsqueeze(axes: number | readonly number[]): Tensor { return ops.unsqueeze(this, axes); }
  /** ONNX slicing: negative positions count from the end, out-of-range ones are clamped. */
  slice(starts: readonly number[], ends: readonly number[], axes?: readonly number[], steps?: readonly number[]): Tensor {
    return ops.slice(this, starts, ends, axes, steps);
  }
  /** `length` entries from `start` along one axis. */
  narrow(axis: number, start: number, length: number): Tensor { return ops.narrow(this, axis, start, length); }
  flip(axes: number | readonly number[]): Tensor { return ops.flip(this, axes); }
  split(sizes: readonly number[], axis = 0): Tensor[] { return ops.split(this, sizes, axis); }
  tile(repeats: readonly number[]): Tensor { return ops.tile(this, repeats); }
  gather(indices: Tensor | readonly number[], axis = 0): Tensor { return ops.gather(this, indices, axis); }
  /** Pads each axis by `[before, after]`; negative amounts crop (constant mode). */
  pad(amounts: readonly (readonly [number, number])[], mode: ops.PadMode = "constant", value = 0): Tensor {
    return ops.pad(this, amounts, mode, value);
  }
  depthToSpace(block: number, order: ops.DepthOrder = "CRD"): Tensor { return ops.depthToSpace(this, block, order); }
  spaceToDepth(block: number, order: ops.DepthOrder = "CRD"): Tensor { return ops.spaceToDepth(this, block, order); }

  // Linear algebra and images
  matmul(other: Tensor): Tensor { return ops.matmul(this, other); }
  conv(weight: Tensor, options: ops.ConvOptions = {}): Tensor { return ops.conv(this, weight, options); }
  convTranspose(weight: Tensor, options: ops.ConvTransposeOptions = {}): Tensor { return ops.convTranspose(this, weight, options); }
  averagePool(options: ops.PoolOptions): Tensor { return ops.averagePool(this, options); }
  maxPool(options: ops.PoolOptions): Tensor { return ops.maxPool(this, options); }
  resize(options: ops.ResizeOptions): Tensor { return ops.resize(this, options); }

  /** The same values, through which no derivative flows. */
  stopGradient(): Tensor { return ops.stopGradient(this); }
}

/** Builds a node: checks the inputs with the op's shape rule. */
export function apply<A>(op: Op<A>, inputs: readonly Tensor[], attrs: A): Tensor {
  const { shape, dtype } = op.infer(inputs, attrs);
  return new Tensor(op as Op, inputs, attrs, shape, dtype);
}

export type { DType, Shape, TypedArray };
