export { checkWritable, writeAtomic } from "./atomic.ts";
export { type DecodeOptions, decodeImage } from "./decode.ts";
export { checkEncodable, type EncodeOptions, encodeImage } from "./encode.ts";
export { formatFromPath, formatTraits, type ImageFormat, supportedExtensions } from "./formats.ts";
export {
  createImage,
  crop,
  fromModel,
  type Image,
  type ImageMeta,
  isGrey,
  luminance,
  type Planar,
  toGrey,
  toModel,
  toRgb,
} from "./image.ts";
export { type KernelImage, readKernel } from "./kernel.ts";
export { alphaMask, createMask, knownWeights, type Mask, maskImage, readMask } from "./mask.ts";
export { decodeNpy, encodeNpy, type NpyArray, readNpy } from "./npy.ts";
export { readBytes } from "./read.ts";
