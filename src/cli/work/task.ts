import "../../node/network-operator.ts"; // registers it
import type { z } from "zod";
import { TweedieError } from "../../errors.ts";
import { loadOperators } from "../../node/modules.ts";
import { type MaskSpec, maskBits } from "../../operators/index.ts";
import { centredKernel, type Image, kernelFromImage, luminance, maskFromImage } from "../../pictures/index.ts";
import {
  type BlurKernel,
  isPictureTask,
  listTasks,
  type PictureRange,
  type Planes,
  parseTask,
  type RecognisedRange,
  recogniseRange,
  resolveMask,
  type TaskInput,
} from "../../restore/index.ts";
import { downsamplingKernels } from "../../restore/task.ts";
import type { taskOptions } from "../common-options.ts";
import { taskOptions as options } from "../common-options.ts";
import { UsageError } from "../errors.ts";
import { kernelForms, type NamedBlur, parseBlur, publishedBlurs } from "../kernel-text.ts";
import { parseMask } from "../mask-text.ts";
import { nameOf } from "../options.ts";
import type { Inputs } from "./inputs.ts";

export type TaskArguments = z.output<z.ZodObject<typeof taskOptions>> & { seed: number };

/** A task whose texts have been parsed. */
export interface PreparedTask<A extends TaskArguments> {
  /** With the task's defaults. */
  readonly args: A & { task: string };
  /** Files that describe the task, by the argument that names them. */
  readonly files: Readonly<Record<string, string>>;
  /** A mask that is made. */
  readonly mask?: MaskSpec;
  /** A blur kernel that is made. */
  readonly blur?: NamedBlur;
}

const belongsTo = {
  mask: ["inpaint", "mri", "mri-complex"],
  maps: ["mri", "mri-complex"],
  maskSeed: ["inpaint"],
  scale: ["super-resolution"],
  kernel: ["super-resolution", "deblur"],
  kernelCentre: ["deblur"],
  border: ["deblur"],
} as const;

/**
 * Reads `--task` and what goes with it. A module of operators is run first: its first operator is the task, unless
 * `--task` says which one.
 * @throws {UsageError}
 */
export async function prepareTask<A extends TaskArguments>(given: A): Promise<PreparedTask<A>> {
  const { operatorModule } = given;
  const defined = operatorModule === undefined ? [] : await loadOperators(operatorModule);
  const task = given.task ?? defined[0];
  const names = listTasks().map(({ name }) => name);
  if (task === undefined || !names.includes(task))
    throw new UsageError({
      what: "--task",
      expected: names.join(", "),
      got: task ?? "nothing",
      hint: "tweedie tasks says what they are",
    });
  for (const [name, tasks] of Object.entries(belongsTo))
    if (!tasks.some((own) => own === task)) refuse(given, name as keyof typeof belongsTo, task, tasks);
  if (isPictureTask(task)) {
    refuse(given, "operatorModule", task, ["tasks that a module defines"]);
    refuse(given, "param", task, ["tasks that are operators, such as jpeg"]);
  }
  const args = withFiles({ ...given, task });
  const files: Record<string, string> = {};
  if (operatorModule !== undefined) files.operatorModule = operatorModule;
  if (!isPictureTask(task)) {
    if (args.mask !== undefined) files.mask = args.mask;
    if (args.maps !== undefined) files.maps = args.maps;
  }
  switch (task) {
    case "inpaint": {
      if (args.mask === undefined) return { args, files };
      const maskSeed = args.maskSeed ?? args.seed;
      const mask = parseMask(args.mask, maskSeed);
      return mask ? { args: { ...args, maskSeed }, files, mask } : { args, files: { ...files, mask: args.mask } };
    }
    case "super-resolution": {
      if (args.scale === undefined)
        throw new UsageError({ what: "--scale", expected: "a whole number from 2 to 16", got: "nothing" });
      const kernel = args.kernel ?? "bicubic";
      if (!downsamplingKernels.some((name) => name === kernel))
        throw new UsageError({ what: "--kernel", expected: downsamplingKernels.join(", "), got: kernel });
      return { args: { ...args, kernel }, files };
    }
    case "deblur": {
      if (args.kernel === undefined) throw new UsageError({ what: "--kernel", expected: kernelForms, got: "nothing" });
      const blur = parseBlur(args.kernel);
      const border = args.border ?? publishedBlurs[args.kernel]?.border ?? "reflect";
      return { args: { ...args, border }, files: blur ? files : { ...files, kernel: args.kernel }, blur };
    }
    default:
      return { args, files };
  }
}

/** `--param mask=FILE` says the same as `--mask FILE`; so with `maps`. */
function withFiles<A extends TaskArguments>(args: A): A {
  const { param = {} } = args;
  const moved = (["mask", "maps"] as const).filter((name) => /\.\w+$/.test(String(param[name] ?? "")));
  if (moved.length === 0) return args;
  const rest = Object.entries(param).filter(([name]) => !moved.some((m) => m === name));
  return { ...args, ...Object.fromEntries(moved.map((name) => [name, param[name]])), param: Object.fromEntries(rest) };
}

function refuse(given: TaskArguments, name: keyof typeof options, task: string, tasks: readonly string[]): void {
  const value = given[name];
  if (value === undefined) return;
  const flag = nameOf(options[name]);
  throw new UsageError({
    what: flag,
    expected: `no ${flag} with --task ${task}`,
    got: typeof value === "object" ? JSON.stringify(value) : String(value),
    hint: `it goes with ${tasks.join(" or ")}`,
  });
}

/** The task as the library takes it; the picture or measurement says how large a mask has to be. */
export async function toTask(
  { args, mask, blur }: PreparedTask<TaskArguments>,
  inputs: Inputs,
  picture: Image | Planes,
): Promise<TaskInput> {
  switch (args.task) {
    case "inpaint": {
      const { width, height } = extentOf(picture);
      if (mask) return { name: "inpaint", mask: resolveMask(mask, width, height) };
      if (!inputs.has("mask")) return { name: "inpaint" };
      return { name: "inpaint", mask: maskFromImage(await inputs.image("mask"), width, height, inputs.path("mask")) };
    }
    case "super-resolution":
      return { name: "super-resolution", scale: args.scale ?? 4, kernel: args.kernel as "box" | "bicubic" };
    case "deblur":
      return {
        name: "deblur",
        kernel: blur ?? (await shownKernel(inputs, args.kernelCentre === "auto")),
        border: args.border,
      };
    case "denoise":
    case "colorize":
      return { name: args.task };
    default:
      return { name: "operator", operator: { ...args.param, ...(await scanFiles(inputs, picture)), name: args.task } };
  }
}

/** What files say of an MRI scan: which entries were measured (white, or not 0), and the coils' sensitivities. */
async function scanFiles(inputs: Inputs, picture: Image | Planes): Promise<Record<string, unknown>> {
  const options: Record<string, unknown> = {};
  if (inputs.has("mask")) {
    const { shape, data } = inputs.isArray("mask") ? inputs.array("mask") : greyPlane(await inputs.image("mask"));
    const { width, height } = extentOf(picture);
    if (String(shape) !== String([1, height, width]))
      throw new TweedieError("size-mismatch", {
        what: inputs.path("mask"),
        expected: `a mask of the measurement's size ${width}x${height}`,
        got: shape[0] === 1 ? `${shape[2]}x${shape[1]}` : `[${shape.join(", ")}]`,
      });
    options.mask = (maskBits(data, height, width) as { known: string }).known;
  }
  if (inputs.has("maps")) {
    const { shape, data } = inputs.numbers("maps");
    const [coils, parts, height, width] = shape;
    if (shape.length !== 4 || parts !== 2)
      throw new TweedieError("size-mismatch", {
        what: inputs.path("maps"),
        expected: "complex numbers [coils, height, width]",
        got: `[${shape.join(", ")}]`,
      });
    const n = height * width;
    const part = (k: number) =>
      Array.from({ length: coils * n }, (_, i) => data[(2 * Math.floor(i / n) + k) * n + (i % n)]);
    options.maps = { coils, height, width, re: part(0), im: part(1) };
  }
  return options;
}

/** 1 where a picture is at least half bright. */
function greyPlane(image: Image): Planes {
  const data = luminance(image).map((v) => (v >= 0.5 ? 1 : 0));
  return { shape: [1, image.height, image.width], data };
}

async function shownKernel(inputs: Inputs, centred: boolean): Promise<BlurKernel> {
  const kernel = kernelFromImage(await inputs.image("kernel"), inputs.path("kernel"));
  return { type: "image", kernel: centred ? centredKernel(kernel) : kernel };
}

/**
 * The range of a .npy input: as declared, or what its numbers say. Undefined for picture files.
 * @param task what it measures; by default a picture
 * @throws {UsageError} a range for a picture file
 * @throws {TweedieError} as `recogniseRange`
 */
export function rangeOf(
  { range }: { range?: PictureRange | undefined },
  inputs: Inputs,
  task: TaskInput = { name: "denoise" },
): RecognisedRange | undefined {
  if (!inputs.isArray("image")) {
    if (range === undefined) return undefined;
    const expected = "no --range with a picture file, whose format says what black and white are";
    throw new UsageError({ what: "--range", expected, got: `${range.black}..${range.white}` });
  }
  if (range !== undefined) return { range };
  const { type = "" } = inputs.numbers("image");
  return recogniseRange(inputs.array("image"), type, parseTask(task), inputs.path("image"));
}

/** Width and height of a picture or of planes. */
export function extentOf(picture: Image | Planes): { width: number; height: number } {
  if (!("shape" in picture)) return { width: picture.width, height: picture.height };
  const [, height, width] = picture.shape;
  return { width, height };
}

/** Width and height of `--size`. */
export function sizeOf(size: string | undefined): { width: number; height: number } | undefined {
  if (size === undefined) return undefined;
  const [width, height] = size.split("x").map(Number);
  return { width, height };
}
