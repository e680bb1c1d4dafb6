import type { z } from "zod";
import { type ErrorCode, TweedieError } from "./errors.ts";

/**
 * Checks a value from outside against a schema and fills in its defaults.
 * @param what names the value in messages: "jpeg", "task", "out.json"
 * @param code of the error; `invalid-option` by default
 * @throws {TweedieError} code: the first field at fault is named, with what was expected and what came instead
 */
export function parse<T>(schema: z.ZodType<T>, value: unknown, what: string, code: ErrorCode = "invalid-option"): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = furthest(result.error.issues[0]);
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    const got = issue.keys.map((key) => JSON.stringify(key)).join(", ");
    throw new TweedieError(code, {
      what: name(what, path),
      expected: knownKeys(schema, value, path),
      got,
      cause: result.error,
    });
  }
  const at = path.reduce<unknown>((v, key) => (v as Record<PropertyKey, unknown> | undefined)?.[key], value);
  throw new TweedieError(code, {
    what: name(what, path),
    expected: expectation(issue),
    got: show(at),
    cause: result.error,
  });
}

type Issue = z.core.$ZodIssue;

/** In a union, the issue of the branch that matched furthest says most. */
function furthest(issue: Issue): Issue {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return issue;
  const first = issue.errors.map((list) => list[0]).sort((a, b) => b.path.length - a.path.length)[0];
  return first && first.path.length > 0 ? furthest({ ...first, path: [...issue.path, ...first.path] }) : issue;
}

const name = (what: string, path: readonly PropertyKey[]): string => [what, ...path.map(String)].join(".");

function expectation(issue: Issue): string {
  const { message } = issue;
  if (message.startsWith("expected ")) return message.slice("expected ".length); // the schema's own words
  switch (issue.code) {
    case "invalid_type":
      return issue.expected === "int" ? "a whole number" : article(issue.expected);
    case "too_small":
      return `a value ${issue.inclusive ? "of at least" : "above"} ${issue.minimum}`;
    case "too_big":
      return `a value ${issue.inclusive ? "of at most" : "below"} ${issue.maximum}`;
    case "invalid_value":
      return `one of ${issue.values.map((v) => JSON.stringify(v)).join(", ")}`;
    case "invalid_union": // a discriminated union whose discriminator has an unknown value
      return message
        .replace(/^.*Expected /, "one of ")
        .replaceAll(" | ", ", ")
        .replaceAll("'", '"');
    default:
      return message;
  }
}

function article(type: string): string {
  return type === "number" ? "a finite number" : `${/^[aeiou]/.test(type) ? "an" : "a"} ${type}`;
}

function knownKeys(schema: z.ZodType, value: unknown, path: readonly PropertyKey[]): string {
  const keys = keysAt(schema, value, path);
  if (keys === undefined) return "known options only";
  return keys.length === 0 ? "no options" : `options among ${keys.join(", ")}`;
}

/** The parts of a schema's definition that lead to an object's keys. */
interface Definition {
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly element?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly shape?: Readonly<Record<PropertyKey, z.ZodType>>;
}

/** The keys that the object at a path may have. In a union, the branch counts that finds nothing but unknown keys. */
function keysAt(schema: z.ZodType, value: unknown, path: readonly PropertyKey[]): string[] | undefined {
  const { innerType, in: source, element, options, shape } = schema.def as Definition;
  const wrapped = innerType ?? source;
  if (wrapped) return keysAt(wrapped, value, path);
  if (options) {
    const fits = (option: z.ZodType) =>
      option.safeParse(value).error?.issues.every(({ code }) => code === "unrecognized_keys");
    const option = options.find(fits);
    return option && keysAt(option, value, path);
  }
  if (path.length === 0) return shape && Object.keys(shape);
  const [key, ...rest] = path;
  const inside = element ?? shape?.[key];
  return inside && keysAt(inside, (value as Record<PropertyKey, unknown>)[key], rest);
}

function show(value: unknown): string {
  if (value === undefined) return "nothing";
  return typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value)).slice(0, 80);
}
