import { msSsim, msSsimWeights, type Planes, psnr, ssim } from "../metrics/index.ts";
import type { BenchPicture } from "./pictures.ts";

export interface Quality {
  /** null: the picture is reproduced exactly. */
  readonly psnr: number | null;
  readonly ssim?: number;
  readonly msSsim?: number;
}

/** Shortest side that a metric can be computed on. */
const ssimSide = 11;
const msSsimSide = 10 * 2 ** (msSsimWeights.length - 1) + 1;

/** A result against the truth, both on [-1, 1]: clipped to that range, not rounded. SSIM by the window of its paper. */
export function qualityOf(result: Float32Array, truth: BenchPicture): Quality {
  const shown = clipped(result);
  const planes = (data: Float32Array): Planes => ({ ...truth, data });
  const side = Math.min(truth.width, truth.height);
  const decibels = psnr(shown, truth.data, 2);
  return {
    psnr: Number.isFinite(decibels) ? decibels : null,
    ...(side < ssimSide ? {} : { ssim: ssim(planes(shown), planes(truth.data), { dataRange: 2 }) }),
    ...(side < msSsimSide ? {} : { msSsim: msSsim(planes(shown), planes(truth.data), { dataRange: 2 }) }),
  };
}

export function clipped(data: Float32Array): Float32Array {
  return data.map((v) => Math.min(1, Math.max(-1, v)));
}
