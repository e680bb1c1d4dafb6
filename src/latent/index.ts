export { decodeLatents } from "./decode.ts";
export { encodePadded, latentOperator, latentShape, latentSpace } from "./latent-operator.ts";
export { decoderSlopeSquared } from "./slope.ts";
