import type { z } from "zod";
import { TweedieError } from "../errors.ts";

/**
 * Checks plain options against a schema. Throws `invalid-option` that names the option, what was expected and what came.
 */
export function parseOptions<T>(what: string, schema: z.ZodType<T>, options: unknown): T {
  const result = schema.safeParse(options);
  if (result.success) return result.data;
  const issue = deepest(result.error.issues[0]);
  const path = issue.path.map(String);
  const subject = [what, ...path].join(".");
  if (issue.code === "unrecognized_keys") {
    const known = describeKeys(schema, issue.path);
    throw new TweedieError("invalid-option", {
      what: subject,
      expected: known ?? "known options only",
      got: issue.keys.map((k) => JSON.stringify(k)).join(", "),
    });
  }
  const value = path.reduce<unknown>((v, key) => (v as Record<string, unknown> | undefined)?.[key], options);
  throw new TweedieError("invalid-option", { what: subject, expected: expectation(issue), got: show(value) });
}

type Issue = z.core.$ZodIssue;

/** In a union the complaint of the alternative that got furthest says most. */
function deepest(issue: Issue): Issue {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return issue;
  const first = issue.errors.map((list) => list[0]).sort((a, b) => b.path.length - a.path.length)[0];
  return first && first.path.length > 0 ? deepest({ ...first, path: [...issue.path, ...first.path] }) : issue;
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.expected === "int" ? "a whole number" : article(issue.expected);
    case "too_small":
      return `a value ${issue.inclusive ? "of at least" : "above"} ${issue.minimum}`;
    case "too_big":
      return `a value ${issue.inclusive ? "of at most" : "below"} ${issue.maximum}`;
    case "invalid_value":
      return `one of ${issue.values.map((v) => JSON.stringify(v)).join(", ")}`;
    case "invalid_union": // of a discriminated union whose discriminator is none of its own
      return issue.message
        .replace(/^.*Expected /, "one of ")
        .replaceAll(" | ", ", ")
        .replaceAll("'", '"');
    default:
      return issue.message;
  }
}

function article(type: string): string {
  return type === "number" ? "a finite number" : `${/^[aeiou]/.test(type) ? "an" : "a"} ${type}`;
}

function describeKeys(schema: z.ZodType, path: readonly PropertyKey[]): string | undefined {
  if (path.length > 0 || !("shape" in schema)) return undefined;
  const keys = Object.keys(schema.shape as object);
  return keys.length === 0 ? "no options" : `options among ${keys.join(", ")}`;
}

function show(value: unknown): string {
  if (value === undefined) return "nothing";
  return typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value)).slice(0, 80);
}
