import { z } from "zod";
import type { NoiseModel } from "../operators/index.ts";
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
  task: { schema: z.string().min(1), expected: "the name of a task" },
  mask: { schema: z.string().min(1), expected: "a picture file or a kind of mask" },
  maskSeed: { schema: integer(0, Number.MAX_SAFE_INTEGER), expected: "a whole number from 0 to 2^53 - 1" },
  scale: { schema: integer(2, 16), expected: "a whole number from 2 to 16" },
  kernel: { schema: z.string().min(1), expected: "a kernel" },
  border: { schema: z.enum(["reflect", "zero", "circular"]), expected: "reflect, zero or circular" },
  noise: {
    schema: z
      .string()
      .transform(parseNoise)
      .refine((v) => v !== undefined),
    expected: "a standard deviation from 0 to 1, such as 0.05 or 25/255, poisson:RATE or salt-pepper:FRACTION",
  },
  solver: { schema: z.string().min(1), expected: "the name of a solver" },
  model: { schema: z.string().min(1), expected: "the name of a prior or an ONNX file" },
  preset: { schema: z.enum(["fast", "balanced", "best"]), expected: "fast, balanced or best" },
  steps: { schema: integer(1, 100_000), expected: "a whole number from 1 to 100000" },
  seed: { schema: integer(0, Number.MAX_SAFE_INTEGER), expected: "a whole number from 0 to 2^53 - 1" },
  limit: { schema: integer(1, 1_000_000), expected: "a whole number from 1 on" },
  samples: { schema: integer(1, 1000), expected: "a whole number from 1 to 1000" },
  threads: { schema: integer(1, 1024), expected: "a whole number from 1 to 1024" },
  tile: { schema: integer(64, 8192), expected: "a whole number from 64 to 8192" },
  size: { schema: z.string().regex(/^\d{1,5}x\d{1,5}$/), expected: "WIDTHxHEIGHT, such as 256x256" },
  reference: { schema: z.string().min(1), expected: "a picture file" },
  output: { schema: z.string().min(1), expected: "a file name" },
  operator: { schema: z.string().min(1), expected: "a module that defines an operator" },
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

const flag = (name: string): string =>
  name === "output" ? "-o" : `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** "0.05", "25/255", "gaussian:0.05", "poisson:1", "salt-pepper:0.02"; a number is a Gaussian's standard deviation. */
export function parseNoise(text: string): number | NoiseModel | undefined {
  const [kind, rest] = text.trim().split(/:(.*)/s);
  if (rest === undefined) return fraction(kind);
  if (kind === "poisson") {
    const rate = /^\d*\.?\d+(e-?\d+)?$/i.test(rest) ? Number(rest) : 0;
    return rate > 0 && rate <= 1e6 ? { kind, rate } : undefined;
  }
  const value = fraction(rest);
  if (value === undefined) return undefined;
  if (kind === "gaussian") return value;
  return kind === "salt-pepper" ? { kind, fraction: value } : undefined;
}

/** A number from 0 to 1, or a quotient that is one. */
function fraction(text: string): number | undefined {
  const match = /^(\d*\.?\d+(?:e-?\d+)?)(?:\/(\d*\.?\d+))?$/i.exec(text);
  if (!match) return undefined;
  const value = Number(match[1]) / Number(match[2] ?? 1);
  return value >= 0 && value <= 1 ? value : undefined;
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

/** `--option a=1 b=2` says the same as `--option a=1 --option b=2`; so with `--param`. */
export function spreadOptions(argv: readonly string[]): string[] {
  const out: string[] = [];
  const repeated = ["--option", "--param"];
  let inside: string | undefined;
  for (const word of argv) {
    const value = repeated.includes(out.at(-1) ?? "");
    if (inside && !value && /^[A-Za-z]\w*=/.test(word)) out.push(inside);
    else if (repeated.includes(word)) inside = word;
    else if (!value) inside = undefined;
    out.push(word);
  }
  return out;
}
