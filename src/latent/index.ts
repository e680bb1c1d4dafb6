export { decodeLatents } from "./decode.ts";
export { encodePadded, latentOperator, latentShape } from "./latent-operator.ts";
export { linearised } from "./linearised.ts";
export {
  type LatentSolution,
  latentSpace,
  missingLatentNeed,
  type PreparedLatentSolver,
  prepareLatentSolver,
} from "./prepare.ts";
export { decoderSlopeSquared } from "./slope.ts";
