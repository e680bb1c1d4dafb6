import { type Command, Option } from "commander";
import * as z from "zod";
import { UsageError } from "./errors.ts";
import { expectation } from "./expectation.ts";

/** What commander has read: texts, lists of texts and switches, by option name. */
export type RawOptions = Readonly<Record<string, unknown>>;

/** How a value of a command's schema is written on the command line. */
export interface Flag {
  /** As the help shows it: "--seed <N>". */
  readonly flag: string;
  readonly help: string;
  /** What the text should be, for messages; by default what the schema says. */
  readonly expected?: string;
  /** The value of a text. By default whole numbers, words, switches and lists of KEY=VALUE are read. */
  readonly read?: (text: string) => unknown;
  /** Another spelling, which the help does not show. */
  readonly alias?: string;
}

const flags = z.registry<Flag>();

/** Declares a value of a schema as an option. */
export function option<S extends z.ZodType>(schema: S, flag: Flag): S {
  flags.add(schema, flag);
  return schema;
}

/** The name of an option in messages: "--mask-seed". */
export function nameOf(schema: z.ZodType): string {
  return (flags.get(schema)?.flag ?? "").split(/[ ,]/)[0];
}

/** Gives a command the options that its schema declares. */
export function addOptions(command: Command, schema: z.ZodObject): Command {
  for (const field of Object.values(schema.shape) as z.ZodType[]) {
    const declared = flags.get(field);
    if (!declared) continue;
    const repeated = kindOf(field) === "record";
    const made = new Option(declared.flag, declared.help + (repeated ? "; may be repeated" : ""));
    if (repeated) made.argParser((text: string, earlier: string[] | undefined) => [...(earlier ?? []), text]);
    command.addOption(made);
    if (declared.alias) command.addOption(new Option(declared.alias).hideHelp());
  }
  return command;
}

/**
 * The arguments of a command: every option is read and checked, defaults are filled in.
 * @param given arguments that are no options
 * @throws {UsageError} names the option, what was expected and what came
 */
export function readOptions<S extends z.ZodObject>(schema: S, raw: RawOptions, given: object = {}): z.output<S> {
  const values: Record<string, unknown> = { ...given };
  for (const [key, field] of Object.entries(schema.shape) as [string, z.ZodType][]) {
    const flag = flags.get(field);
    if (!flag) continue;
    const text = raw[key] ?? (flag.alias && raw[new Option(flag.alias).attributeName()]);
    const value = text === undefined ? undefined : readText(field, flag, text);
    const parsed = field.safeParse(value);
    if (!parsed.success || (text !== undefined && value === undefined)) throw refused(field, flag, text);
    if (parsed.data !== undefined) values[key] = parsed.data;
  }
  return schema.parse(values) as z.output<S>;
}

function readText(field: z.ZodType, flag: Flag, text: unknown): unknown {
  if (Array.isArray(text)) return readKeyValues(field, flag, text as string[]);
  if (typeof text !== "string") return text;
  if (flag.read) return flag.read(text);
  return kindOf(field) === "number" ? readWhole(text) : text;
}

/** A whole number; undefined for any other text. */
export function readWhole(text: string): number | undefined {
  return /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}

/** Names separated by commas. */
export const readNames = (text: string): string[] => text.split(",").map((name) => name.trim());

/** "key=value" each; the value as JSON where it is some, else as text. */
function readKeyValues(field: z.ZodType, flag: Flag, texts: readonly string[]): Record<string, unknown> {
  const pairs = texts.map((text) => {
    const at = text.indexOf("=");
    if (at < 1) throw refused(field, flag, text);
    return [text.slice(0, at), parseValue(text.slice(at + 1))] as const;
  });
  return Object.fromEntries(pairs);
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function refused(field: z.ZodType, flag: Flag, text: unknown): UsageError {
  const expected = flag.expected ?? expectation(inner(field));
  return new UsageError({ what: nameOf(field), expected, got: text === undefined ? "nothing" : String(text) });
}

const kindOf = (field: z.ZodType): string => inner(field).def.type;

/** The schema of a value that is given. */
function inner(field: z.ZodType): z.ZodType {
  const wrapped = field instanceof z.ZodOptional || field instanceof z.ZodDefault;
  return wrapped ? inner(field.unwrap() as z.ZodType) : field;
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
