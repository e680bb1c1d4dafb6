/**
 * The table of ops, and what a new one is made of: rows (`addOp`, …), the functions that build nodes from them, and the helpers of
 * shape rules, evaluations and derivatives.
 *
 * @module
 */
export { type DType, fromBfloat16, fromFloat64, type TypedArray, toFloat64 } from "../dtype.ts";
export { ancestors } from "../gradient.ts";
export type { Emitter, NDArray, OnnxAttribute, Op, Spec, VjpContext } from "../op.ts";
export { broadcastShapes, type Shape, sameShape, shapeError, show, sizeOf } from "../shape.ts";
export { apply, Tensor, type TensorLike } from "../tensor.ts";
export * from "./activation.ts";
export * from "./binary.ts";
export * from "./cast.ts";
export * from "./compare.ts";
export * from "./conv.ts";
export * from "./cumulative.ts";
export * from "./fill.ts";
export * from "./gather.ts";
export * from "./matmul.ts";
export * from "./pad.ts";
export * from "./pool.ts";
export * from "./rearrange.ts";
export * from "./reduce.ts";
export * from "./resize.ts";
export * from "./scatter.ts";
export * from "./shape.ts";
export * from "./slice.ts";
export * from "./softmax.ts";
export * from "./source.ts";
export * from "./standardize.ts";
export * from "./unary.ts";
