import type { Denoiser } from "../diffusion/index.ts";
import { TweedieError } from "../errors.ts";

/** Lets a denoiser of pictures whose sides are multiples of `multiple` take any size: borders are reflected, then cropped. */
export function padded(denoise: Denoiser, multiple: number): Denoiser {
  if (multiple === 1) return denoise;
  return (x, sigma) => withBorder(denoise, x, sigma, (side) => Math.ceil(side / multiple) * multiple);
}

/**
 * Lets a denoiser of one size take smaller pictures, by the same means.
 * @throws size-mismatch, when the denoiser is applied to a larger picture
 */
export function fixedSize(denoise: Denoiser, [height, width]: readonly [number, number], name: string): Denoiser {
  return (x, sigma) => {
    const [h, w] = x.shape.slice(2);
    if (h > height || w > width)
      throw new TweedieError("size-mismatch", {
        what: `model ${name}`,
        expected: `pictures of at most ${width}×${height}`,
        got: `${w}×${h}`,
        hint: "scale the picture down or choose a model that takes any size",
      });
    return withBorder(denoise, x, sigma, (_, axis) => (axis === 2 ? height : width));
  };
}

function withBorder(
  denoise: Denoiser,
  x: Parameters<Denoiser>[0],
  sigma: Parameters<Denoiser>[1],
  grown: (side: number, axis: 2 | 3) => number,
) {
  const [, , h, w] = x.shape;
  const border = (side: number, axis: 2 | 3): readonly [number, number] => [0, grown(side, axis) - side];
  const y = denoise(x.pad([[0, 0], [0, 0], border(h, 2), border(w, 3)], "reflect"), sigma);
  return y.narrow(2, 0, h).narrow(3, 0, w);
}
