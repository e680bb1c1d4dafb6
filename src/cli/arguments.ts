import { z } from "zod";
import { type BlurKernel, taskNames } from "../restore/task.ts";
import { UsageError } from "./errors.ts";

/** Strings as they stand on the command line, by option name. */
export type RawOptions = Readonly<Record<string, unknown>>;

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,16}$/)
    .transform(Number)
    .refine((v) => v >= min && v <= max);

/** Each option: how its text is read, and what to say when it cannot be. */
const readers = {
  task: { schema: z.enum(taskNames), expected: taskNames.join(", ") },
  mask: { schema: z.string().min(1), expected: "a picture file" },
  scale: { schema: integer(2, 16), expected: "a whole number from 2 to 16" },
  kernel: { schema: z.string().min(1), expected: "a kernel" },
  border: { schema: z.enum(["reflect", "zero", "circular"]), expected: "reflect, zero or circular" },
  noise: {
    schema: z.string().transform(parseNoise).refine(Number.isFinite),
    expected: "a standard deviation from 0 to 1, such as 0.05 or 25/255",
  },
  solver: { schema: z.string().min(1), expected: "the name of a solver" },
  model: { schema: z.string().min(1), expected: "the name of a prior or an ONNX file" },
  preset: { schema: z.enum(["fast", "balanced", "best"]), expected: "fast, balanced or best" },
  steps: { schema: integer(1, 100_000), expected: "a whole number from 1 to 100000" },
  seed: { schema: integer(0, Number.MAX_SAFE_INTEGER), expected: "a whole number from 0 to 2^53 - 1" },
  samples: { schema: integer(1, 1000), expected: "a whole number from 1 to 1000" },
  threads: { schema: integer(1, 1024), expected: "a whole number from 1 to 1024" },
  tile: { schema: integer(64, 8192), expected: "a whole number from 64 to 8192" },
  size: { schema: z.string().regex(/^\d{1,5}x\d{1,5}$/), expected: "WIDTHxHEIGHT, such as 256x256" },
  reference: { schema: z.string().min(1), expected: "a picture file" },
  output: { schema: z.string().min(1), expected: "a file name" },
} as const;

type Readers = typeof readers;

/** Reads one option; undefined when it was not given. @throws UsageError */
export function readOption<K extends keyof Readers>(
  raw: RawOptions,
  name: K,
): z.output<Readers[K]["schema"]> | undefined {
  const text = raw[name];
  if (text === undefined) return undefined;
  const parsed = readers[name].schema.safeParse(text);
  if (parsed.success) return parsed.data as z.output<Readers[K]["schema"]>;
  throw new UsageError({ what: flag(name), expected: readers[name].expected, got: String(text) });
}

const flag = (name: string): string => (name === "output" ? "-o" : `--${name}`);

/** "0.05", "25/255" */
export function parseNoise(text: string): number {
  const match = /^(\d*\.?\d+(?:e-?\d+)?)(?:\/(\d*\.?\d+))?$/i.exec(text.trim());
  if (!match) return Number.NaN;
  const value = Number(match[1]) / Number(match[2] ?? 1);
  return value >= 0 && value <= 1 ? value : Number.NaN;
}

/** The options that describe what is wrong with a picture: plain data, files by name. */
export interface TaskArguments {
  task: (typeof taskNames)[number];
  mask?: string;
  scale?: number;
  kernel?: string;
  border?: "reflect" | "zero" | "circular";
}

const belongsTo: Readonly<Record<"mask" | "scale" | "kernel" | "border", readonly string[]>> = {
  mask: ["inpaint"],
  scale: ["super-resolution"],
  kernel: ["super-resolution", "deblur"],
  border: ["deblur"],
};

/** Reads `--task` and what goes with it. @throws UsageError */
export function readTask(raw: RawOptions): TaskArguments {
  const task = readOption(raw, "task");
  if (task === undefined) {
    throw new UsageError({ what: "--task", expected: taskNames.join(", "), got: "nothing" });
  }
  for (const [name, tasks] of Object.entries(belongsTo)) {
    if (raw[name] === undefined || tasks.includes(task)) continue;
    const expected = `no --${name} with --task ${task}`;
    throw new UsageError({
      what: `--${name}`,
      expected,
      got: String(raw[name]),
      hint: `it goes with ${tasks.join(" or ")}`,
    });
  }
  const args: TaskArguments = { task };
  if (task === "inpaint") {
    const mask = readOption(raw, "mask");
    if (mask !== undefined) args.mask = mask;
  }
  if (task === "super-resolution") {
    const scale = readOption(raw, "scale");
    if (scale === undefined)
      throw new UsageError({ what: "--scale", expected: readers.scale.expected, got: "nothing" });
    args.scale = scale;
    args.kernel = readOption(raw, "kernel") ?? "bicubic";
    if (args.kernel !== "box" && args.kernel !== "bicubic")
      throw new UsageError({ what: "--kernel", expected: "box or bicubic", got: args.kernel });
  }
  if (task === "deblur") {
    const kernel = readOption(raw, "kernel");
    if (kernel === undefined)
      throw new UsageError({
        what: "--kernel",
        expected: "gaussian:STD, motion:LENGTH,ANGLE or FILE.png",
        got: "nothing",
      });
    parseBlur(kernel);
    args.kernel = kernel;
    args.border = readOption(raw, "border") ?? "reflect";
  }
  return args;
}

/** "gaussian:2", "motion:15,30"; undefined for anything else, which is then a file. @throws UsageError */
export function parseBlur(text: string): Exclude<BlurKernel, { type: "image" }> | undefined {
  const match = /^(gaussian|motion):(.*)$/.exec(text);
  if (!match) return undefined;
  const numbers = match[2].split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (match[1] === "gaussian") {
    const [std] = numbers;
    if (numbers.length === 1 && std > 0 && std <= 100) return { type: "gaussian", std };
    throw new UsageError({
      what: "--kernel",
      expected: "gaussian:STD with STD above 0 and at most 100 pixels",
      got: text,
    });
  }
  const [length, angle] = numbers;
  if (numbers.length === 2 && length > 0 && length <= 500 && Number.isFinite(angle)) {
    return { type: "motion", length, angle };
  }
  const expected = "motion:LENGTH,ANGLE with LENGTH above 0 and at most 500 pixels, ANGLE in degrees";
  throw new UsageError({ what: "--kernel", expected, got: text });
}

/** Solver options, "key=value" each; the value as JSON where it is some, else as text. @throws UsageError */
export function readSolverOptions(raw: RawOptions): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const text of (raw.option as string[] | undefined) ?? []) {
    const at = text.indexOf("=");
    if (at < 1) {
      throw new UsageError({ what: "--option", expected: "key=value, such as lambda=0.5", got: text });
    }
    options[text.slice(0, at)] = parseValue(text.slice(at + 1));
  }
  return options;
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** `--option a=1 b=2` says the same as `--option a=1 --option b=2`. */
export function spreadOptions(argv: readonly string[]): string[] {
  const out: string[] = [];
  let inside = false;
  for (const word of argv) {
    const another = inside && out.at(-1) !== "--option" && /^[A-Za-z]\w*=/.test(word);
    if (another) out.push("--option");
    else if (word === "--option") inside = true;
    else if (out.at(-1) !== "--option") inside = false;
    out.push(word);
  }
  return out;
}
