export { type Card, parseCard, type SettingsFamily } from "./card.ts";
export { type CardPriorOptions, priorFromCard } from "./card-prior.ts";
export { type DenoiserPrior, denoiserPrior } from "./denoiser-prior.ts";
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
export { conditioned, guided } from "./guidance.ts";
export { mixturePrior } from "./mixture.ts";
export { type NetworkWeights, networkPrior } from "./network-prior.ts";
export { onnxPrior } from "./onnx-prior.ts";
export { type Conditional, FORWARD, type Prior } from "./prior.ts";
