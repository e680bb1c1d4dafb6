import * as z from "zod";
import "./imaging.ts"; // registers the operators of instruments
import { TweedieError } from "../errors.ts";
import { blockCompressedSensing, blockMeasurements } from "./block-compressed-sensing.ts";
import { blur } from "./blur.ts";
import { colorization } from "./colorization.ts";
import { complexPicture } from "./complex.ts";
import { composition } from "./composition.ts";
import { compressedSensing, measurements } from "./compressed-sensing.ts";
import { denoising } from "./denoising.ts";
import { hdr } from "./hdr.ts";
import { inpainting } from "./inpainting.ts";
import { jpeg } from "./jpeg.ts";
import { kernelOf, kernelSchema } from "./kernel-spec.ts";
import { maskSchema } from "./mask-spec.ts";
import type { OperatorSpec } from "./operator.ts";
import { quantization } from "./quantization.ts";
import { createOperator, defineOperator, domainOf, needSize, type PictureSize } from "./registry.ts";
import { roundings } from "./rounding.ts";
import { superResolution } from "./super-resolution.ts";

const cutoff = z.number().nonnegative().max(1).optional();

defineOperator({
  name: "inpaint",
  summary: "missing pixels, given by a mask",
  schema: z.strictObject({ mask: maskSchema }),
  create: inpainting,
});

defineOperator({
  name: "super-resolution",
  summary: "a reduced picture, by a whole factor",
  schema: z.strictObject({
    scale: z.int().min(1).max(64),
    kernel: z.enum(["box", "bicubic", "bicubic-ddrm", "bicubic-pillow"]).optional(),
    cutoff,
  }),
  domainOf: ({ scale }, [n, c, h, w]) => [n, c, h * scale, w * scale],
  create: superResolution,
});

defineOperator({
  name: "blur",
  summary: "blur by a known kernel",
  schema: z.strictObject({ kernel: kernelSchema, border: z.enum(["circular", "reflect", "zero"]).optional(), cutoff }),
  create: (o, domain) => blur({ ...o, kernel: kernelOf(o.kernel), kernelSpec: o.kernel }, domain),
});

defineOperator({
  name: "colorize",
  summary: "a grey picture to be coloured",
  schema: z.strictObject({ weights: z.enum(["mean", "luma"]).optional() }),
  domainOf: (_, [n, , h, w]) => [n, 3, h, w],
  create: colorization,
});

const ratio = z.number().positive().max(1).default(0.25);
const seed = z.int().nonnegative().default(0);

/** [1, C, H, W] behind [1, C, 1, m]: of the size given, or a square where that is the only one. */
function sensed(
  name: string,
  [n, c, , m]: readonly number[],
  size: PictureSize | undefined,
  count: (h: number, w: number) => number,
) {
  if (size) return [n, c, size.height, size.width];
  const sides: number[] = [];
  for (let side = 1; count(side, side) <= m; side++) if (count(side, side) === m) sides.push(side);
  if (sides.length === 1) return [n, c, sides[0], sides[0]];
  const { height, width } = needSize(name, undefined);
  return [n, c, height, width];
}

defineOperator({
  name: "compressed-sensing",
  summary: "a part of the Walsh–Hadamard coefficients, chosen at random",
  schema: z.strictObject({ ratio, seed, mean: z.boolean().default(false) }),
  domainOf: (o, y, size) => sensed("compressed-sensing", y, size, (h, w) => measurements(o.ratio, h * w)),
  create: compressedSensing,
});

defineOperator({
  name: "block-compressed-sensing",
  summary: "blocks seen through part of a random basis",
  schema: z.strictObject({ ratio, seed, block: z.int().min(1).max(64).default(32) }),
  domainOf: (o, y, size) =>
    sensed("block-compressed-sensing", y, size, (h, w) => blockMeasurements(o.ratio, h, w, o.block ?? 32)),
  create: blockCompressedSensing,
});

defineOperator({
  name: "hdr",
  summary: "an exposure that saturates bright and dark parts",
  schema: z.strictObject({ gain: z.number().positive().max(100).default(2) }),
  create: hdr,
  task: { measurement: "picture", tiles: { align: 1, reach: 0 } },
});

const rounding = z.enum(roundings).default("straight-through");

defineOperator({
  name: "quantize",
  summary: "few levels of brightness",
  schema: z.strictObject({ bits: z.int().min(1).max(16), rounding }),
  create: quantization,
  task: { measurement: "picture", tiles: { align: 1, reach: 0 } },
});

defineOperator({
  name: "jpeg",
  summary: "what JPEG compression leaves of a picture",
  schema: z.strictObject({
    quality: z.int().min(1).max(100),
    subsampling: z.enum(["4:2:0", "4:4:4"]).default("4:2:0"),
    rounding,
  }),
  create: jpeg,
  task: { measurement: "picture", tiles: { align: 16, reach: 16 } },
});

defineOperator({
  name: "complex",
  summary: "a real picture as real and imaginary part",
  schema: z.strictObject({}),
  domainOf: (_, [n, , h, w]) => [n, 1, h, w],
  create: complexPicture,
});

defineOperator({
  name: "denoise",
  summary: "noise alone",
  schema: z.strictObject({}),
  create: denoising,
});

defineOperator<{ steps: OperatorSpec[] }>({
  name: "composition",
  summary: "operators one after the other, the first step first",
  schema: z.strictObject({ steps: z.array(z.looseObject({ name: z.string() })).min(1) }),
  domainOf: ({ steps }, measurement, size) =>
    (size && forward(steps, measurement, size)) ??
    steps.reduceRight((shape, step) => domainOf(step, shape), measurement),
  create({ steps }, domain) {
    return composition(stepsFor(steps, domain));
  },
});

function stepsFor(steps: readonly OperatorSpec[], domain: readonly number[]) {
  let shape = domain;
  return steps.map((step) => {
    const operator = createOperator(step, { domain: shape });
    shape = operator.range;
    return operator;
  });
}

/** The picture of a known size whose measurement has the right shape: only its channels are to be found. */
function forward(steps: readonly OperatorSpec[], measurement: readonly number[], { width, height }: PictureSize) {
  const channels = new Set([measurement[1], 1, 3, 2]);
  return [...channels]
    .map((c) => [1, c, height, width])
    .find((domain) => {
      try {
        return String(stepsFor(steps, domain).at(-1)?.range) === String(measurement);
      } catch (error) {
        if (error instanceof TweedieError) return false;
        throw error;
      }
    });
}
