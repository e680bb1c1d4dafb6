import { z } from "zod";
import { TweedieError } from "../errors.ts";
import type { KernelImage, Mask } from "../images/index.ts";

const mask = z.custom<Mask>(
  (v) => typeof v === "object" && v !== null && "missing" in v && v.missing instanceof Uint8Array,
  "expected a mask ({ width, height, missing, count })",
);

const kernelImage = z.custom<KernelImage>(
  (v) => typeof v === "object" && v !== null && "data" in v && "width" in v && "height" in v,
  "expected a kernel ({ width, height, data })",
);

const finite = (check: (v: number) => boolean, message: string) => z.number(message).refine(check, message);

/** A blur kernel: Gaussian with a standard deviation in pixels, a straight motion path in pixels and degrees, or any. */
export const blurKernelSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("gaussian"),
    std: finite((v) => v > 0 && v <= 100, "expected a standard deviation above 0 and at most 100 pixels"),
  }),
  z.strictObject({
    type: z.literal("motion"),
    length: finite((v) => v > 0 && v <= 500, "expected a length above 0 and at most 500 pixels"),
    angle: finite(Number.isFinite, "expected an angle in degrees"),
  }),
  z.strictObject({ type: z.literal("image"), kernel: kernelImage }),
]);

/** What is wrong with the picture. */
export const taskSchema = z.discriminatedUnion("name", [
  z.strictObject({
    name: z.literal("inpaint"),
    /** Default: the transparent pixels are the missing ones. */
    mask: mask.optional(),
  }),
  z.strictObject({
    name: z.literal("super-resolution"),
    /** The result is `scale` times as wide and as high. */
    scale: z
      .int("expected a whole number from 2 to 16")
      .min(2, "expected a whole number from 2 to 16")
      .max(16, "expected a whole number from 2 to 16"),
    /** How the picture was made smaller: by averaging blocks, or bicubic with antialiasing (the default). */
    kernel: z.enum(["box", "bicubic"], "expected box or bicubic").default("bicubic"),
  }),
  z.strictObject({
    name: z.literal("deblur"),
    kernel: blurKernelSchema,
    /** What lies outside the picture. */
    border: z.enum(["reflect", "zero", "circular"], "expected reflect, zero or circular").default("reflect"),
  }),
  z.strictObject({ name: z.literal("denoise") }),
  z.strictObject({ name: z.literal("colorize") }),
]);

export type BlurKernel = z.output<typeof blurKernelSchema>;
export type Task = z.output<typeof taskSchema>;
/** A task as the user writes it: options with a default may be left out. */
export type TaskInput = z.input<typeof taskSchema>;
export type TaskName = Task["name"];

export const taskNames: readonly TaskName[] = ["inpaint", "super-resolution", "deblur", "denoise", "colorize"];

/** Checks a value from outside. @throws TweedieError `invalid-option` that names the field. */
export function parseWith<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue.path.reduce<unknown>((v, key) => (v as Record<PropertyKey, unknown> | undefined)?.[key], value);
  throw new TweedieError("invalid-option", {
    what: [what, ...issue.path.map(String)].join(" "),
    expected: issue.message.replace(/^expected /, ""),
    got: describe(at),
  });
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number" || typeof value === "string") return String(value);
  return (JSON.stringify(value) ?? typeof value).slice(0, 60);
}

/** @throws TweedieError `invalid-option` */
export function parseTask(task: unknown): Task {
  return parseWith(taskSchema, task, "task");
}
