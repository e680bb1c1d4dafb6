export { type Card, parseCard } from "./card.ts";
export {
  type ExactMoments,
  exactCovariance,
  exactGuidance,
  exactMean,
  exactMoments,
  exactPosterior,
  gaussian,
  type LinearMeasurement,
  type Mixture,
} from "./exact.ts";
export { gaussianPrior, isotropicPrior } from "./gaussian.ts";
export { mixturePrior } from "./mixture.ts";
export { networkPrior } from "./network-prior.ts";
export { FORWARD, type Prior } from "./prior.ts";
export { type ListedPrior, listPriors, loadPrior } from "./registry.ts";
export { readSafetensors, type Safetensors, type StoredTensor } from "./safetensors.ts";
