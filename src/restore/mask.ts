import { TweedieError } from "../errors.ts";
import { knownPixels, type MaskSpec } from "../operators/index.ts";
import { createMask, type Mask } from "../pictures/index.ts";

/**
 * The mask of an inpainting for pictures of a size: as it is, or made as its spec says.
 * @throws TweedieError `size-mismatch`; `invalid-option` where there is none, or one that differs between channels
 */
export function resolveMask(mask: Mask | MaskSpec | undefined, width: number, height: number): Mask {
  const expected = `a mask of the picture's size ${width}x${height}`;
  if (!mask) throw new TweedieError("invalid-option", { what: "mask", expected, got: "nothing" });
  if (!("type" in mask)) {
    if (mask.width === width && mask.height === height) return mask;
    throw new TweedieError("size-mismatch", { what: "mask", expected, got: `${mask.width}x${mask.height}` });
  }
  const { known } = knownPixels(mask, 1, height, width);
  return createMask(width, height, known);
}
