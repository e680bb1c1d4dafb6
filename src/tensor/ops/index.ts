/** The op table and the functions that build nodes from it. */
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
