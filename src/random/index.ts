export { normals, rademacher, uniforms } from "./numbers.ts";
export { philox4x32 } from "./philox.ts";
export { poisson } from "./poisson.ts";
export { fnv1a, type Stream, words } from "./stream.ts";
