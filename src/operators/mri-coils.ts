import { TweedieError } from "../errors.ts";

/** Sensitivities of the coils, complex, [coils, H, W] row by row; the sum of |S|² over the coils is 1 at each pixel. */
export interface CoilMaps {
  readonly coils: number;
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** Coil maps as plain JSON, not necessarily normalised. */
export interface CoilMapsSpec {
  readonly coils: number;
  readonly height: number;
  readonly width: number;
  readonly re: readonly number[];
  readonly im: readonly number[];
}

/**
 * Smooth maps of `coils` coils evenly on a ring around the picture: a Gaussian fall-off from each coil, as wide as half the
 * picture, and a phase that turns by a quarter of a circle across the picture, in the coil's own direction.
 */
export function syntheticCoils(coils: number, height: number, width: number): CoilMaps {
  const re = new Float64Array(coils * height * width);
  const im = new Float64Array(re.length);
  for (let c = 0; c < coils; c++) {
    const angle = (2 * Math.PI * c) / coils;
    const [u, v] = [Math.cos(angle), Math.sin(angle)];
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++) {
        const x = (j + 0.5) / width - 0.5;
        const y = (i + 0.5) / height - 0.5;
        const distance = (x - 0.6 * u) ** 2 + (y - 0.6 * v) ** 2;
        const phase = angle + (Math.PI / 2) * (x * u + y * v);
        const size = Math.exp(-distance / (2 * 0.5 ** 2));
        const at = (c * height + i) * width + j;
        re[at] = size * Math.cos(phase);
        im[at] = size * Math.sin(phase);
      }
  }
  return normalised({ coils, re, im }, height * width);
}

/** @throws size-mismatch where the maps are not of the picture's size; invalid-operator where no coil sees a pixel */
export function givenCoils(spec: CoilMapsSpec, height: number, width: number): CoilMaps {
  const size = spec.coils * height * width;
  if (spec.height !== height || spec.width !== width || spec.re.length !== size || spec.im.length !== size)
    throw new TweedieError("size-mismatch", {
      what: "coil maps",
      expected: `${spec.coils} maps of ${width}x${height}`,
      got: `${spec.width}x${spec.height} with ${spec.re.length} and ${spec.im.length} numbers`,
    });
  const maps = { coils: spec.coils, re: Float64Array.from(spec.re), im: Float64Array.from(spec.im) };
  return normalised(maps, height * width);
}

function normalised({ coils, re, im }: CoilMaps, pixels: number): CoilMaps {
  for (let p = 0; p < pixels; p++) {
    let sum = 0;
    for (let c = 0; c < coils; c++) sum += re[c * pixels + p] ** 2 + im[c * pixels + p] ** 2;
    if (!(sum > 0 && Number.isFinite(sum))) {
      const expected = "maps in which each pixel is seen by a coil";
      throw new TweedieError("invalid-operator", { what: "coil maps", expected, got: `none at pixel ${p}` });
    }
    const factor = 1 / Math.sqrt(sum);
    for (let c = 0; c < coils; c++) {
      re[c * pixels + p] *= factor;
      im[c * pixels + p] *= factor;
    }
  }
  return { coils, re, im };
}
