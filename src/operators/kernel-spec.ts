import * as z from "zod";
import { TweedieError } from "../errors.ts";
import { gaussianTaps, type Kernel, motionKernel, normalizedKernel, outerKernel } from "./kernel.ts";
import { trajectoryKernel } from "./trajectory.ts";

const odd = z
  .int()
  .positive()
  .refine((n) => n % 2 === 1, "an odd number");
const std = z.number().positive().max(1000);
/** DDRM's separable builder stops one tap early; figures published with it need the same blur. */
const dropLastTap = z.boolean().optional();

/** The kinds of blur kernels. Lengths and standard deviations are in pixels, angles in degrees counter-clockwise. */
export const kernelSchemas = {
  /** exp(-k²/2std²), normalised, cut at 4 std or to `size` taps. */
  gaussian: z.strictObject({ type: z.literal("gaussian"), std, size: odd.optional(), dropLastTap }),
  /** Gaussians of different width along and across `angle` (0: `std` is horizontal). */
  anisotropic: z.strictObject({
    type: z.literal("anisotropic"),
    std,
    across: std,
    angle: z.number().default(0),
    size: odd.optional(),
    dropLastTap,
  }),
  uniform: z.strictObject({ type: z.literal("uniform"), size: odd, dropLastTap }),
  motion: z.strictObject({
    type: z.literal("motion"),
    length: z.number().nonnegative().max(2000),
    angle: z.number().default(0),
  }),
  /** The path of a shaking camera, at random, inside size × size pixels (see {@link trajectoryKernel}). */
  trajectory: z.strictObject({
    type: z.literal("trajectory"),
    size: odd,
    intensity: z.number().min(0).max(1).default(0.5),
    seed: z.int().nonnegative(),
  }),
  array: z.strictObject({
    type: z.literal("array"),
    height: z.int().positive(),
    width: z.int().positive(),
    values: z.array(z.number()),
  }),
} as const;

/** A blur kernel as plain JSON. */
export const kernelSchema = z.discriminatedUnion("type", [
  kernelSchemas.gaussian,
  kernelSchemas.anisotropic,
  kernelSchemas.uniform,
  kernelSchemas.motion,
  kernelSchemas.trajectory,
  kernelSchemas.array,
]);

export type KernelSpec = z.infer<typeof kernelSchema>;

/** Makes the kernel. Throws `invalid-operator` for values that are no kernel (see {@link normalizedKernel}). */
export function kernelOf(spec: KernelSpec): Kernel {
  switch (spec.type) {
    case "gaussian": {
      const taps = dropped(gaussianTaps(spec.std, spec.size && (spec.size - 1) / 2), spec.dropLastTap);
      return outerKernel(taps, taps);
    }
    case "anisotropic":
      return anisotropic(spec);
    case "uniform": {
      const taps = dropped(new Float64Array(spec.size).fill(1 / spec.size), spec.dropLastTap);
      return outerKernel(taps, taps);
    }
    case "motion":
      return motionKernel(spec.length, spec.angle);
    case "trajectory":
      return trajectoryKernel(spec.size, spec.intensity, spec.seed);
    case "array":
      return normalizedKernel(spec.height, spec.width, spec.values);
  }
}

function dropped(taps: Float64Array, drop = false): Float64Array {
  // The tap that is lost multiplies the pixel after the centre, which in a point-spread function is the first one.
  if (drop) taps[0] = 0;
  return taps;
}

function anisotropic(spec: Extract<KernelSpec, { type: "anisotropic" }>): Kernel {
  const { std, across, angle, size, dropLastTap } = spec;
  if (angle % 90 === 0) {
    const turned = angle % 180 !== 0;
    const radius = size && (size - 1) / 2;
    const taps = (width: number) => dropped(gaussianTaps(width, radius), dropLastTap);
    const [along, beside] = [taps(std), taps(across)];
    return turned ? outerKernel(along, beside) : outerKernel(beside, along);
  }
  if (dropLastTap)
    throw new TweedieError("invalid-option", {
      what: "anisotropic kernel: dropLastTap",
      expected: "an angle that is a multiple of 90, as in DDRM",
      got: String(angle),
    });
  const radius = size ? (size - 1) / 2 : Math.floor(4 * Math.max(std, across) + 0.5);
  const n = 2 * radius + 1;
  const theta = (angle * Math.PI) / 180;
  const [c, s] = [Math.cos(theta), Math.sin(theta)];
  const values = Float64Array.from({ length: n * n }, (_, k) => {
    const [x, y] = [(k % n) - radius, radius - Math.floor(k / n)]; // y upwards
    const [u, v] = [(c * x + s * y) / std, (c * y - s * x) / across];
    return Math.exp(-(u * u + v * v) / 2);
  });
  return normalizedKernel(n, n, values);
}
