/** The op table and the functions that build nodes from it. */
export * from "./binary.ts";
export * from "./cast.ts";
export * from "./compare.ts";
export * from "./conv.ts";
export * from "./gather.ts";
export * from "./matmul.ts";
export * from "./pad.ts";
export * from "./pool.ts";
export * from "./rearrange.ts";
export * from "./reduce.ts";
export * from "./resize.ts";
export * from "./shape.ts";
export * from "./slice.ts";
export * from "./softmax.ts";
export * from "./source.ts";
export * from "./unary.ts";
