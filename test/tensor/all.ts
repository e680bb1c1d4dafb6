/** The language and the table of ops together: tests go over both. */
export * from "../../src/tensor/index.ts";
export * from "../../src/tensor/ops/index.ts";
