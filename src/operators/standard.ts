import { z } from "zod";
import { blur } from "./blur.ts";
import { colorization } from "./colorization.ts";
import { complexPicture } from "./complex.ts";
import { composition } from "./composition.ts";
import { denoising } from "./denoising.ts";
import { inpainting } from "./inpainting.ts";
import { kernelOf, kernelSchema } from "./kernel-spec.ts";
import { maskSchema } from "./mask-spec.ts";
import type { OperatorSpec } from "./operator.ts";
import { createOperator, defineOperator, domainOf } from "./registry.ts";
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
  // The picture's size is the first step's business.
  domainOf: ({ steps }, measurement, size) =>
    steps.reduceRight((shape, step, i) => domainOf(step, shape, i === 0 ? size : undefined), measurement),
  create({ steps }, domain) {
    let shape = domain;
    return composition(
      steps.map((step) => {
        const operator = createOperator(step, { domain: shape });
        shape = operator.range;
        return operator;
      }),
    );
  },
});
