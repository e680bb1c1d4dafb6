import { TweedieError } from "../errors.ts";
import { estimateFromPatches } from "./noise-patches.ts";
import { estimateFromWavelet } from "./noise-wavelet.ts";
import type { Planes } from "./ssim.ts";

export interface NoiseOptions {
  /** 1 = known, 0 = missing. Only patches whose pixels are all known are looked at. */
  mask?: { known: Uint8Array };
  /**
   * "patches" (default): the flattest patches' high frequencies; accurate on textured photos.
   * "wavelet": the median of the finest diagonal wavelet coefficients (Donoho); simple, too high where there is texture.
   */
  method?: "patches" | "wavelet";
}

/**
 * Standard deviation of the white Gaussian noise in a picture, on the scale of its samples, the same for all channels.
 * Samples are taken to lie in [0, 1]; when none is outside and some are at the ends, the noise is taken to have been
 * clipped there, and the value is that of the noise before clipping.
 *
 * "patches" on all 68 pictures of CBSD68 (npm run bench:noise, docs/bench.md): median relative error 1.8 % at 2/255, 0.8 %
 * at 5/255, 0.4-0.5 % from 10 to 50/255; clipped to 8 bits 3.0 %, 1.0 % and 0.6-0.9 %. Fine texture in grey pictures can
 * pass for noise below about 5/255. JPEG takes noise away, or moves it to frequencies where it is not looked for: the
 * estimate of a compressed file is that of what is left.
 *
 * Throws `size-mismatch` (mask) and `numerical-failure` when too few pixels are known, or when samples are not finite.
 */
export function estimateNoise(image: Planes, options: NoiseOptions = {}): number {
  const { method = "patches", mask } = options;
  const n = image.width * image.height;
  if (image.data.length !== n * image.channels || (mask && mask.known.length !== n)) {
    const expected = `${n} pixels of ${image.channels} channels, and as many in the mask`;
    const got = `${image.data.length} samples${mask ? `, ${mask.known.length} in the mask` : ""}`;
    throw new TweedieError("size-mismatch", { what: "noise estimate", expected, got });
  }
  const sigma = (method === "wavelet" ? estimateFromWavelet : estimateFromPatches)(image, mask?.known);
  if (sigma !== undefined && Number.isFinite(sigma)) return sigma;
  throw new TweedieError("numerical-failure", {
    what: "noise estimate",
    expected: "a picture with known, finite samples in at least a few blocks of 2x2 pixels",
    got: `${image.width}x${image.height} pixels that are too few, too many missing or not finite`,
    hint: "say how strong the noise is (--noise)",
  });
}
