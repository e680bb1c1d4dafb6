import type { MaskSpec } from "../operators/index.ts";
import { type BlurKernel, downsamplingKernels, isPictureTask, listTasks } from "../restore/task.ts";
import { type RawOptions, readOption } from "./arguments.ts";
import { UsageError } from "./errors.ts";
import { parseMask } from "./mask-argument.ts";

/** The options that describe what is wrong with a picture: plain data, files by name. */
export interface TaskArguments {
  /** A task with options of its own, or the name of an operator. */
  task: string;
  mask?: string;
  maskSeed?: number;
  scale?: number;
  kernel?: string;
  border?: "reflect" | "zero" | "circular";
  /** Options of an operator. */
  param?: Record<string, unknown>;
  /** Of the result, where the measurement does not tell it. */
  size?: string;
  /** The module that defines the task's operator. */
  operator?: string;
}

const belongsTo: Readonly<Record<string, readonly string[]>> = {
  mask: ["inpaint"],
  maskSeed: ["inpaint"],
  scale: ["super-resolution"],
  kernel: ["super-resolution", "deblur"],
  border: ["deblur"],
};

/** Reads `--task` and what goes with it. @throws UsageError */
export function readTask(raw: RawOptions): TaskArguments {
  const task = readOption(raw, "task");
  const names = listTasks().map(({ name }) => name);
  if (task === undefined || !names.includes(task))
    throw new UsageError({
      what: "--task",
      expected: names.join(", "),
      got: task ?? "nothing",
      hint: "tweedie tasks says what they are",
    });
  const own = isPictureTask(task);
  for (const [name, tasks] of Object.entries(belongsTo)) if (!tasks.includes(task)) refuse(raw, name, task, tasks);
  if (own) refuse(raw, "operator", task, ["tasks that a module defines"]);
  if (own) refuse(raw, "param", task, ["tasks that are operators, such as jpeg"]);
  const args: TaskArguments = { task };
  if (!own) {
    args.param = readParams(raw);
    const size = readOption(raw, "size");
    if (size !== undefined) args.size = size;
    const operator = readOption(raw, "operator");
    if (operator !== undefined) args.operator = operator;
  }
  if (task === "inpaint") {
    const mask = readOption(raw, "mask");
    if (mask !== undefined) args.mask = mask;
    const seed = readOption(raw, "maskSeed") ?? readOption(raw, "seed") ?? 0;
    if (mask !== undefined && parseMask(mask, seed)) args.maskSeed = seed;
  }
  if (task === "super-resolution") {
    const scale = readOption(raw, "scale");
    if (scale === undefined)
      throw new UsageError({ what: "--scale", expected: "a whole number from 2 to 16", got: "nothing" });
    args.scale = scale;
    args.kernel = readOption(raw, "kernel") ?? "bicubic";
    if (!downsamplingKernels.some((name) => name === args.kernel))
      throw new UsageError({ what: "--kernel", expected: downsamplingKernels.join(", "), got: args.kernel });
  }
  if (task === "deblur") {
    const kernel = readOption(raw, "kernel");
    if (kernel === undefined) throw new UsageError({ what: "--kernel", expected: kernelForms, got: "nothing" });
    parseBlur(kernel);
    args.kernel = kernel;
    args.border = readOption(raw, "border") ?? publishedBlurs[kernel]?.border ?? "reflect";
  }
  return args;
}

function refuse(raw: RawOptions, name: string, task: string, tasks: readonly string[]): void {
  if (raw[name] === undefined) return;
  const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const got = String(raw[name]);
  throw new UsageError({
    what: flag,
    expected: `no ${flag} with --task ${task}`,
    got,
    hint: `it goes with ${tasks.join(" or ")}`,
  });
}

/** Options of an operator, "key=value" each; the value as JSON where it is some, else as text. @throws UsageError */
export function readParams(raw: RawOptions): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const text of (raw.param as string[] | undefined) ?? []) {
    const at = text.indexOf("=");
    if (at < 1) throw new UsageError({ what: "--param", expected: "key=value, such as quality=10", got: text });
    out[text.slice(0, at)] = parseValue(text.slice(at + 1));
  }
  return out;
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A kernel that is not a file. */
export type NamedBlur = Exclude<BlurKernel, { type: "image" }>;

/**
 * The blurs of DDRM's experiments as its code builds them: separable, taps that stop one early, mid grey outside; and
 * RED-diff's Gaussian, which is DDRM's with another width.
 */
const publishedBlurs: Readonly<Record<string, { kernel: NamedBlur; border: "zero" }>> = {
  "ddrm-gaussian": { kernel: { type: "gaussian", std: 10, size: 5, dropLastTap: true }, border: "zero" },
  "ddrm-uniform": { kernel: { type: "uniform", size: 9, dropLastTap: true }, border: "zero" },
  "ddrm-anisotropic": {
    kernel: { type: "anisotropic", std: 20, across: 1, angle: 0, size: 9, dropLastTap: true },
    border: "zero",
  },
  "red-diff-gaussian": { kernel: { type: "gaussian", std: 25, size: 5, dropLastTap: true }, border: "zero" },
};

const kernelForms =
  "gaussian:STD, motion:LENGTH,ANGLE, uniform:SIZE, anisotropic:STD,ACROSS[,ANGLE], " +
  `trajectory:SIZE,INTENSITY[,SEED], ${Object.keys(publishedBlurs).join(", ")} or FILE.png`;

interface Form {
  readonly expected: string;
  /** Undefined for numbers that make no kernel. */
  readonly read: (numbers: readonly number[]) => NamedBlur | undefined;
}

const odd = (n: number) => Number.isInteger(n) && n % 2 === 1 && n > 0 && n <= 501;
const width = (n: number) => n > 0 && n <= 100;

const forms: Readonly<Record<string, Form>> = {
  gaussian: {
    expected: "gaussian:STD with STD above 0 and at most 100 pixels",
    read: ([std, ...rest]) => (rest.length === 0 && width(std) ? { type: "gaussian", std } : undefined),
  },
  motion: {
    expected: "motion:LENGTH,ANGLE with LENGTH above 0 and at most 500 pixels, ANGLE in degrees",
    read: ([length, angle, ...rest]) =>
      rest.length === 0 && length > 0 && length <= 500 && Number.isFinite(angle)
        ? { type: "motion", length, angle }
        : undefined,
  },
  uniform: {
    expected: "uniform:SIZE with an odd SIZE of at most 501 pixels",
    read: ([size, ...rest]) => (rest.length === 0 && odd(size) ? { type: "uniform", size } : undefined),
  },
  anisotropic: {
    expected: "anisotropic:STD,ACROSS[,ANGLE] with widths above 0 and at most 100 pixels, ANGLE in degrees",
    read: ([std, across, angle = 0, ...rest]) =>
      rest.length === 0 && width(std) && width(across) && Number.isFinite(angle)
        ? { type: "anisotropic", std, across, angle }
        : undefined,
  },
  trajectory: {
    expected: "trajectory:SIZE,INTENSITY[,SEED] with an odd SIZE of at most 501 pixels, INTENSITY from 0 to 1",
    read: ([size, intensity, seed = 0, ...rest]) =>
      rest.length === 0 && odd(size) && intensity >= 0 && intensity <= 1 && Number.isSafeInteger(seed) && seed >= 0
        ? { type: "trajectory", size, intensity, seed }
        : undefined,
  },
};

/** "gaussian:2", "motion:15,30", "ddrm-uniform", …; undefined for anything else, which is then a file. @throws UsageError */
export function parseBlur(text: string): NamedBlur | undefined {
  if (Object.hasOwn(publishedBlurs, text)) return publishedBlurs[text].kernel;
  const [name, list] = text.split(/:(.*)/s);
  if (list === undefined || !Object.hasOwn(forms, name)) return undefined;
  const form = forms[name];
  const numbers = list.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const kernel = form.read(numbers);
  if (kernel) return kernel;
  throw new UsageError({ what: "--kernel", expected: form.expected, got: text });
}

/** The mask of the arguments when it is one that is made; undefined when it is a file, or none. @throws UsageError */
export function generatedMask({ mask, maskSeed = 0 }: TaskArguments): MaskSpec | undefined {
  return mask === undefined ? undefined : parseMask(mask, maskSeed);
}
