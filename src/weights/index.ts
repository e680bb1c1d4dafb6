export { type BlobLike, type ByteSource, blobSource, bytesSource, rangedSource } from "./byte-source.ts";
export { openSafetensors, type Safetensors } from "./safetensors.ts";
export { type StoredTensor, toFloat32, type WeightEntry, type WeightSource, weight } from "./weight-source.ts";
