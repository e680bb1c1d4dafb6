import { TweedieError } from "../errors.ts";
import { concat, type Tensor } from "../tensor/index.ts";
import { codedPlane, sample } from "./jpeg/blocks.ts";
import { doubled, halved, toRgb, toYcc } from "./jpeg/colour.ts";
import { quantizationTable } from "./jpeg/tables.ts";
import { checkShape, type Operator } from "./operator.ts";
import type { Rounding } from "./rounding.ts";

export interface JpegOptions {
  /** IJG quality, 1 to 100. */
  readonly quality: number;
  /** Are Cb and Cr kept at half the size ("4:2:0", the default) or whole ("4:4:4")? */
  readonly subsampling?: "4:2:0" | "4:4:4" | undefined;
  readonly rounding?: Rounding | undefined;
}

/**
 * JPEG: y = decode(encode(x)), baseline, standard tables; 1 or 3 channels. Rounded to 8 bits wherever a codec holds 8 bits
 * (`smooth` rounding: the coefficients alone), it differs from libjpeg's result only where the integer cosine transform there
 * decides a half otherwise. A†y = y.
 */
export function jpeg(options: JpegOptions, domain: readonly number[]): Operator {
  const { quality, subsampling = "4:2:0", rounding = "straight-through" } = options;
  const [, channels] = domain;
  if (channels !== 1 && channels !== 3)
    throw new TweedieError("invalid-operator", {
      what: "jpeg",
      expected: "pictures with 1 or 3 channels",
      got: String(channels),
    });
  const shape = [1, ...domain.slice(1)];
  const [light, colour] = (["luminance", "chrominance"] as const).map((kind) => quantizationTable(kind, quality));
  const coded = (x: Tensor) => {
    const levels = sample(x.add(1).mul(127.5), rounding);
    if (channels === 1) return codedPlane(levels, light, rounding);
    const [y, ...chroma] = toYcc(levels, rounding).split([1, 1, 1], 1);
    const [, , height, width] = x.shape;
    const parts = chroma.map((part) => {
      if (subsampling === "4:4:4") return codedPlane(part, colour, rounding);
      const small = halved(part, rounding);
      const seen = codedPlane(small, colour, rounding).narrow(3, 0, Math.ceil(width / 2));
      return doubled(seen, height, width, rounding);
    });
    return toRgb(concat([codedPlane(y, light, rounding), ...parts], 1), rounding);
  };
  return {
    name: "jpeg",
    domain: shape,
    range: shape,
    linear: false,
    normSquared: 1,
    exactPseudoInverse: false,
    surrogateGradient: rounding !== "smooth",
    apply(x) {
      checkShape("jpeg", shape, x);
      return coded(x).div(127.5).sub(1);
    },
    pseudoInverse(y) {
      checkShape("pseudo-inverse of jpeg", shape, y);
      return y;
    },
    estimate: (y) => Float64Array.from(y),
    toJSON: () => ({ name: "jpeg", quality, subsampling, rounding }),
  };
}
