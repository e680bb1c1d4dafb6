export { checkEncodable, type EncodeOptions } from "./encodable.ts";
export { formatFromPath, formatTraits, type ImageFormat, supportedExtensions } from "./formats.ts";
export {
  checkImage,
  createImage,
  crop,
  fromModel,
  type Image,
  type ImageMeta,
  isGrey,
  luminance,
  toGrey,
  toModel,
  toRgb,
} from "./image.ts";
export { centredKernel, type KernelImage, kernelFromImage, kernelOffset } from "./kernel.ts";
export { alphaMask, createMask, type Mask, maskFromImage, maskImage } from "./mask.ts";
export { decodeNpy, encodeNpy, isNpy, type NpyArray } from "./npy.ts";
export { type Seam, seamOf } from "./seam.ts";
