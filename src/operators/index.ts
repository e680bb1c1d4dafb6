import "./standard.ts"; // registers the operators that come with the library

export { type BlurOptions, blur } from "./blur.ts";
export { type ColorizationOptions, colorization } from "./colorization.ts";
export { composition } from "./composition.ts";
export { denoising } from "./denoising.ts";
export { type FillMethod, fillMissing } from "./fill.ts";
export { type InpaintingOptions, inpainting } from "./inpainting.ts";
export { type Edge, gaussianTaps, type Kernel, motionKernel, normalizedKernel } from "./kernel.ts";
export { type KernelSpec, kernelOf } from "./kernel-spec.ts";
export { type KnownPixels, knownPixels, type MaskSpec, maskBits } from "./masks.ts";
export { addNoise, type GaussianNoise, measuredValues, observedEntries } from "./noise.ts";
export { disturb, equivalentSigma, type NoiseModel, noiseSchema, parseNoiseModel } from "./noise-model.ts";
export { adjoint, checkShape, measurementSize, type Operator, type OperatorSpec, type Svd } from "./operator.ts";
export {
  createOperator,
  defineOperator,
  domainOf,
  listOperators,
  needSize,
  type OperatorDefinition,
  type OperatorSize,
  type PictureSize,
  parseSpec,
  type TaskTraits,
  taskTraits,
} from "./registry.ts";
export { conjugateGradient, type LinearMap, solveByConjugateGradient, solveGram, solveNormal } from "./solve.ts";
export { type DownsamplingKernel, type SuperResolutionOptions, superResolution } from "./super-resolution.ts";
