import type { z } from "zod";
import { TweedieError } from "../errors.ts";
import { type Shape, sameShape, show } from "../tensor/index.ts";
import type { Operator, OperatorSpec } from "./operator.ts";
import { parseOptions } from "./options.ts";

/** How a kind of operator is made from plain options. Register it with {@link defineOperator}. */
export interface OperatorDefinition<O> {
  readonly name: string;
  /** One line for lists and help texts. */
  readonly summary: string;
  /** Checks the options and fills in the defaults; strict, so that misspelt options are errors. */
  readonly schema: z.ZodType<O>;
  /** The shape [1, C, H, W] of the picture that a measurement of shape [1, c, h, w] is restored to; the same by default. */
  domainOf?(options: O, measurement: Shape): Shape;
  create(options: O, domain: Shape): Operator;
}

/** The size of the problem: of the picture x (to simulate a measurement), or of the measurement y (to restore from it). */
export type OperatorSize = { readonly domain: Shape } | { readonly measurement: Shape };

const definitions = new Map<string, OperatorDefinition<unknown>>();

/** Makes a kind of operator known to {@link createOperator}, and so to manifests and the command line. */
export function defineOperator<O>(definition: OperatorDefinition<O>): OperatorDefinition<O> {
  if (definitions.has(definition.name))
    throw new TweedieError("invalid-operator", {
      message: `operator ${definition.name}: expected a new name, got one that is already registered`,
    });
  definitions.set(definition.name, definition as OperatorDefinition<unknown>);
  return definition;
}

/** What {@link createOperator} can make, by name. */
export function listOperators(): { name: string; summary: string; schema: z.ZodType }[] {
  return [...definitions.values()].map(({ name, summary, schema }) => ({ name, summary, schema }));
}

/**
 * Builds an operator from plain JSON, for pictures of a given size. `createOperator(op.toJSON(), { domain: op.domain })`
 * gives `op` again.
 * @throws invalid-option for unknown names, unknown or wrong options; size-mismatch where the measurement cannot be one
 */
export function createOperator(spec: OperatorSpec, size: OperatorSize): Operator {
  const { name, ...options } = spec;
  const definition = find(name);
  const parsed = parseOptions(name, definition.schema, options);
  if ("domain" in size) return definition.create(parsed, checkSize("picture", size.domain));
  const measurement = checkSize("measurement", size.measurement);
  const domain = definition.domainOf?.(parsed, measurement) ?? measurement;
  const operator = definition.create(parsed, domain);
  if (!sameShape(operator.range, measurement))
    throw new TweedieError("size-mismatch", {
      what: `measurement of ${name}`,
      expected: show(operator.range),
      got: show(measurement),
    });
  return operator;
}

/** The picture's shape behind a measurement, from a spec. */
export function domainOf(spec: OperatorSpec, measurement: Shape): Shape {
  const { name, ...options } = spec;
  const definition = find(name);
  return definition.domainOf?.(parseOptions(name, definition.schema, options), measurement) ?? measurement;
}

function find(name: string): OperatorDefinition<unknown> {
  const definition = definitions.get(name);
  if (definition) return definition;
  throw new TweedieError("invalid-option", {
    what: "operator",
    expected: `one of ${[...definitions.keys()].join(", ")}`,
    got: String(name),
  });
}

function checkSize(what: string, shape: Shape): Shape {
  if (shape.length === 4 && shape[0] === 1 && shape.every((d) => Number.isInteger(d) && d > 0)) return shape;
  throw new TweedieError("size-mismatch", {
    what: `${what} of an operator`,
    expected: "a shape [1, channels, height, width]",
    got: show(shape),
  });
}
