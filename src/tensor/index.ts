export { type DType, fromFloat64, type TypedArray, toFloat64 } from "./dtype.ts";
export { evaluate, type Feed } from "./evaluate.ts";
export { ancestors, gradient, jvp, vjp } from "./gradient.ts";
export type { Emitter, NDArray, OnnxAttribute, Op, Spec } from "./op.ts";
export * from "./ops/index.ts";
export { broadcastShapes, type Shape, sameShape, shapeError, show, sizeOf } from "./shape.ts";
export { apply, Tensor, type TensorLike } from "./tensor.ts";
