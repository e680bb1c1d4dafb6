/** Classical methods: the solvers' starts, and what the benchmarks compare with. */
export { type FillMethod, fillMissing } from "../fill.ts";
export { denoiseDct } from "./denoise.ts";
export { enlarge } from "./resample.ts";
export { wiener } from "./wiener.ts";
