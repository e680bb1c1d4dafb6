import * as z from "zod";
import { listOperators, type OperatorSpec, parseSpec } from "../operators/index.ts";
import { kernelSchemas } from "../operators/kernel-spec.ts";
import { maskSchema } from "../operators/mask-spec.ts";
import type { KernelImage, Mask } from "../pictures/index.ts";
import { parse } from "../schema.ts";

const maskPixels = z.custom<Mask>(
  (v) => typeof v === "object" && v !== null && "known" in v && v.known instanceof Uint8Array,
  "expected a mask ({ width, height, known, missing })",
);

const kernelImage = z.custom<KernelImage>(
  (v) => typeof v === "object" && v !== null && "data" in v && "width" in v && "height" in v,
  "expected a kernel ({ width, height, data })",
);

export const downsamplingKernels = ["box", "bicubic", "bicubic-ddrm", "bicubic-pillow"] as const;

const finite = (check: (v: number) => boolean, message: string) => z.number(message).refine(check, message);

/**
 * A blur kernel: Gaussian with a standard deviation in pixels, a straight motion path in pixels and degrees, the other
 * kinds that operators know, or any.
 */
export const blurKernelSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("gaussian"),
    std: finite((v) => v > 0 && v <= 100, "expected a standard deviation above 0 and at most 100 pixels"),
    size: kernelSchemas.gaussian.shape.size,
    dropLastTap: kernelSchemas.gaussian.shape.dropLastTap,
  }),
  z.strictObject({
    type: z.literal("motion"),
    length: finite((v) => v > 0 && v <= 500, "expected a length above 0 and at most 500 pixels"),
    angle: finite(Number.isFinite, "expected an angle in degrees"),
  }),
  kernelSchemas.anisotropic,
  kernelSchemas.uniform,
  kernelSchemas.trajectory,
  kernelSchemas.array,
  z.strictObject({ type: z.literal("image"), kernel: kernelImage }),
]);

/** What is wrong with the picture: tasks that people know by name, and any registered operator. */
export const taskSchema = z.discriminatedUnion("name", [
  z.strictObject({
    name: z.literal("inpaint"),
    /** Its pixels, or how to make them. Default: the transparent pixels are the missing ones. */
    mask: z
      .union([maskPixels, maskSchema], "expected a mask ({ width, height, known, missing }) or its spec")
      .optional(),
  }),
  z.strictObject({
    name: z.literal("super-resolution"),
    /** The result is `scale` times as wide and as high. */
    scale: z
      .int("expected a whole number from 2 to 16")
      .min(2, "expected a whole number from 2 to 16")
      .max(16, "expected a whole number from 2 to 16"),
    /** How the picture was made smaller: by averaging blocks, or bicubic with antialiasing (the default). */
    kernel: z.enum(downsamplingKernels, `expected ${downsamplingKernels.join(", ")}`).default("bicubic"),
  }),
  z.strictObject({
    name: z.literal("deblur"),
    kernel: blurKernelSchema,
    /** What lies outside the picture. */
    border: z.enum(["reflect", "zero", "circular"], "expected reflect, zero or circular").default("reflect"),
  }),
  z.strictObject({ name: z.literal("denoise") }),
  z.strictObject({ name: z.literal("colorize") }),
  /** A registered operator by its spec, such as `{ name: "jpeg", quality: 10 }`. */
  z.strictObject({ name: z.literal("operator"), operator: z.looseObject({ name: z.string() }) }),
]);

/** Tasks with a name and options of their own, and the operators behind them. */
const pictureTasks = {
  inpaint: "inpaint",
  "super-resolution": "super-resolution",
  deblur: "blur",
  denoise: "denoise",
  colorize: "colorize",
} as const;

export type BlurKernel = z.output<typeof blurKernelSchema>;
export type Task = z.output<typeof taskSchema>;
/** A task as the user writes it: options with a default may be left out. */
export type TaskInput = z.input<typeof taskSchema>;
export type PictureTaskName = keyof typeof pictureTasks;

/** Is this the name of a task with options of its own? All other tasks are operators. */
export function isPictureTask(name: string): name is PictureTaskName {
  return Object.hasOwn(pictureTasks, name);
}

/** The registered name of a task's operator. */
export function operatorName(task: Task): string {
  return task.name === "operator" ? task.operator.name : pictureTasks[task.name];
}

/** Names of all tasks: those with options of their own first, then every other registered operator. */
export function listTasks(): { name: string; summary: string; operator: string }[] {
  const operators = listOperators();
  const own = Object.entries(pictureTasks).map(([name, operator]) => ({ name, operator }));
  const covered = new Set<string>(own.map(({ operator }) => operator));
  const others = operators.filter(({ name }) => !covered.has(name)).map(({ name }) => ({ name, operator: name }));
  const summaries = new Map(operators.map(({ name, summary }) => [name, summary]));
  return [...own, ...others].map((task) => ({ ...task, summary: summaries.get(task.operator) ?? "" }));
}

/** @throws {TweedieError} invalid-option: names the field */
export function parseTask(task: unknown): Task {
  const parsed = parse(taskSchema, task, "task");
  return parsed.name === "operator" ? { ...parsed, operator: parseSpec(parsed.operator as OperatorSpec) } : parsed;
}
