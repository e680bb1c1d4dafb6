export { mae, mse, psnr, type Samples } from "./error.ts";
export { createLpips, type Lpips } from "./lpips.ts";
export { estimateNoise, type NoiseOptions } from "./noise.ts";
export { msSsim, msSsimWeights, type Planes, type SsimOptions, ssim } from "./ssim.ts";
