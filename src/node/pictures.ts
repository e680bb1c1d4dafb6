import {
  decodeNpy,
  type Image,
  type KernelImage,
  kernelFromImage,
  type Mask,
  maskFromImage,
  type NpyArray,
} from "../pictures/index.ts";
import { type DecodeOptions, decodeImage } from "./codecs/index.ts";
import { readBytes } from "./files.ts";

/** Reads a picture file. @throws {TweedieError} as `readBytes` and `decodeImage` */
export async function readImage(path: string, options: DecodeOptions = {}): Promise<Image> {
  return decodeImage(await readBytes(path), { name: path, ...options });
}

/** Reads a mask picture (white = missing) for pictures of a size. @throws {TweedieError} as `readImage`, `maskFromImage` */
export async function readMask(path: string, width: number, height: number): Promise<Mask> {
  return maskFromImage(await readImage(path), width, height, path);
}

/** Reads a blur kernel from a picture. @throws {TweedieError} as `readImage` and `kernelFromImage` */
export async function readKernel(path: string): Promise<KernelImage> {
  return kernelFromImage(await readImage(path), path);
}

/** Reads a NumPy array file. @throws {TweedieError} as `readBytes` and `decodeNpy` */
export async function readNpy(path: string): Promise<NpyArray> {
  return decodeNpy(await readBytes(path), path);
}
