import type { z } from "zod";
import { TweedieError } from "../errors.ts";
import { parse } from "../schema.ts";
import { type Shape, sameShape, show } from "../tensor/index.ts";
import type { Operator, OperatorSpec } from "./operator.ts";

/** How a kind of operator is made from plain options. Register it with {@link defineOperator}. */
export interface OperatorDefinition<O> {
  readonly name: string;
  /** One line for lists and help texts. */
  readonly summary: string;
  /** Checks the options and fills in the defaults; strict, so that misspelt options are errors. */
  readonly schema: z.ZodType<O>;
  /**
   * The shape [1, C, H, W] of the picture that a measurement of shape [1, c, h, w] is restored to; the same by default.
   * `size` is the picture's size where the caller knows it: operators whose measurement does not tell it ask for it with
   * {@link needSize}.
   */
  domainOf?(options: O, measurement: Shape, size?: PictureSize): Shape;
  create(options: O, domain: Shape): Operator;
  /** How the operator stands as a task of `restore`, `degrade` and the command line; every operator is one. */
  readonly task?: TaskTraits;
}

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** What `restore` and `degrade` have to know of an operator besides its maps. All of it has a default. */
export interface TaskTraits {
  /**
   * What holds a measurement: `picture` where y is a picture in [-1, 1] of 1 or 3 channels, which an image file can keep;
   * `array` (the default) where it is anything else, which a .npy file keeps.
   */
  readonly measurement?: "picture" | "array";
  /**
   * Channels of x, where the operator has them fixed: 1 or 3 for grey or colour, 2 for the real and imaginary part of a
   * complex picture (pictures are real: their imaginary part is 0). By default those of the picture, or of y.
   */
  readonly channels?: 1 | 2 | 3;
  /**
   * For `picture` measurements of x's size: large pictures may be done in tiles whose corners are multiples of `align`,
   * because a measured pixel depends on pixels at most `reach` away. Without it a picture is done as a whole.
   */
  readonly tiles?: { readonly align: number; readonly reach: number };
}

/** The size of the problem: of the picture x (to simulate a measurement), or of the measurement y (to restore from it). */
export type OperatorSize =
  | { readonly domain: Shape }
  | { readonly measurement: Shape; readonly size?: PictureSize | undefined };

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
export function listOperators(): { name: string; summary: string; schema: z.ZodType; task: TaskTraits }[] {
  return [...definitions.values()].map(({ name, summary, schema, task = {} }) => ({ name, summary, schema, task }));
}

/** How an operator stands as a task. @throws invalid-option for unknown names */
export function taskTraits(name: string): TaskTraits {
  return find(name).task ?? {};
}

/** The options of a spec with every default filled in. @throws invalid-option for unknown names and wrong options */
export function parseSpec({ name, ...options }: OperatorSpec): OperatorSpec {
  return { ...(parse(find(name).schema, options, name) as Record<string, unknown>), name };
}

/** The size that {@link OperatorDefinition.domainOf} was given. @throws invalid-option when it was not */
export function needSize(name: string, size: PictureSize | undefined): PictureSize {
  if (size) return size;
  throw new TweedieError("invalid-option", {
    what: name,
    expected: "the size of the picture, which its measurement does not tell",
    got: "nothing",
    hint: "size: { width, height }, on the command line --size WIDTHxHEIGHT",
  });
}

/**
 * Builds an operator from plain JSON, for pictures of a given size. `createOperator(op.toJSON(), { domain: op.domain })`
 * gives `op` again.
 * @throws invalid-option for unknown names, unknown or wrong options; size-mismatch where the measurement cannot be one
 */
export function createOperator(spec: OperatorSpec, size: OperatorSize): Operator {
  const { name, ...options } = spec;
  const definition = find(name);
  const parsed = parse(definition.schema, options, name);
  if ("domain" in size) return definition.create(parsed, checkSize("picture", size.domain));
  const measurement = checkSize("measurement", size.measurement);
  const domain = definition.domainOf?.(parsed, measurement, size.size) ?? measurement;
  const operator = definition.create(parsed, domain);
  if (!sameShape(operator.range, measurement))
    throw new TweedieError("size-mismatch", {
      what: `measurement of ${name}`,
      expected: show(operator.range),
      got: show(measurement),
    });
  return operator;
}

/** The picture's shape behind a measurement, from a spec; `size` where the measurement does not tell it. */
export function domainOf(spec: OperatorSpec, measurement: Shape, size?: PictureSize): Shape {
  const { name, ...options } = spec;
  const definition = find(name);
  return definition.domainOf?.(parse(definition.schema, options, name), measurement, size) ?? measurement;
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
