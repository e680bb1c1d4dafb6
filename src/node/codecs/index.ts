export { type DecodeOptions, decodeImage } from "./decode.ts";
export { encodeImage } from "./encode.ts";
