export { type DecodeOptions, decodeImage, MAX_PIXELS } from "./decode.ts";
export { encodeImage } from "./encode.ts";
