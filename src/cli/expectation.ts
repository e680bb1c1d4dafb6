import * as z from "zod";

interface JsonSchema {
  readonly type?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

const jsonOf = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { unrepresentable: "any", io: "input" }) as JsonSchema;

/** What values a schema takes, in words. */
export function expectation(schema: z.ZodType): string {
  return inWords(jsonOf(schema));
}

export interface DescribedOption {
  readonly key: string;
  /** Its default. */
  readonly initial: unknown;
  readonly expected: string;
}

/** The options of an object's schema. */
export function listOptions(schema: z.ZodType): DescribedOption[] {
  const properties = Object.entries(jsonOf(schema).properties ?? {});
  return properties.map(([key, property]) => ({ key, initial: property.default, expected: inWords(property) }));
}

function inWords(s: JsonSchema): string {
  if (s.anyOf) return s.anyOf.map(inWords).join(", or ");
  if (s.const !== undefined) return JSON.stringify(s.const);
  if (s.enum) return s.enum.map(String).join(", ");
  if (s.type === "boolean") return "true, false";
  const what = { integer: "a whole number", number: "a number" }[s.type ?? ""] ?? s.type ?? "any value";
  const above = s.exclusiveMinimum === undefined ? "" : ` above ${s.exclusiveMinimum}`;
  const from = s.minimum === undefined || s.minimum <= Number.MIN_SAFE_INTEGER ? "" : ` from ${s.minimum}`;
  const to = s.maximum === undefined || s.maximum >= Number.MAX_SAFE_INTEGER ? "" : ` to ${s.maximum}`;
  return `${what}${above}${from}${to}`;
}
