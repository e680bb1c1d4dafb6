import { TweedieError } from "../../errors.ts";
import { constant, type DType, input, type Shape, sizeOf, type Tensor, type TypedArray } from "../../tensor/index.ts";
import { show } from "../../tensor/ops/index.ts";
import type { GraphProto, ValueInfoProto } from "../proto.ts";
import { heldType, noteStoredType, typeName } from "./tensors.ts";

/** Values given for an input that is to become a constant. */
export type FrozenValues = number | boolean | readonly number[] | TypedArray;

export interface ImportOptions {
  /** Shapes of the inputs whose shape the model leaves open, by input name. */
  readonly inputShapes?: Readonly<Record<string, Shape>>;
  /** Inputs that become constants, by name: values on which shapes depend, or a condition that never changes. */
  readonly freeze?: Readonly<Record<string, FrozenValues>>;
  /** Looked at before every node. */
  readonly signal?: AbortSignal | undefined;
}

/** A declared extent: a number, a symbol, or unknown. */
type Extent = number | string | undefined;

interface Declared {
  readonly name: string;
  readonly dtype: DType;
  readonly code: number;
  readonly extents: readonly Extent[] | undefined;
}

export interface BoundInputs {
  readonly placeholders: ReadonlyMap<string, Tensor>;
  readonly constants: ReadonlyMap<string, Tensor>;
  /** Inputs that no tensor can stand for, with the reason. */
  readonly impossible: ReadonlyMap<string, string>;
}

/**
 * Gives every graph input that is no initializer a tensor: a placeholder, or a constant where it is frozen.
 * @internal
 */
export function bindInputs(
  graph: GraphProto,
  model: string,
  { inputShapes = {}, freeze = {} }: ImportOptions,
): BoundInputs {
  const initialized = new Set(graph.initializer.map((t) => t.name));
  const infos = graph.input.filter((info) => !initialized.has(info.name));
  const impossible = new Map<string, string>();
  const declared: Declared[] = [];
  for (const info of infos) {
    const reason = whyImpossible(info);
    if (reason) impossible.set(info.name, reason);
    else declared.push(declaration(info));
  }
  checkNames(model, [...Object.keys(inputShapes), ...Object.keys(freeze)], infos);
  const symbols = bindSymbols(declared, inputShapes);
  const constants = new Map<string, Tensor>();
  const placeholders = new Map<string, Tensor>();
  const missing: string[] = [];
  const hints: string[] = [];
  for (const d of declared) {
    const extents =
      ownShape(inputShapes, d.name) ?? d.extents?.map((e) => (typeof e === "string" ? (symbols.get(e) ?? e) : e));
    if (Object.hasOwn(freeze, d.name)) constants.set(d.name, frozen(d, extents, freeze[d.name]));
    else if (extents?.every((e) => typeof e === "number"))
      placeholders.set(d.name, noteStoredType(input(extents, d.dtype), d.code));
    else {
      missing.push(open(d, extents));
      hints.push(
        `${JSON.stringify(d.name)}: [${extents ? extents.map((e) => (typeof e === "number" ? e : "…")).join(", ") : "…"}]`,
      );
    }
  }
  if (missing.length > 0)
    throw new TweedieError("invalid-option", {
      message: `${model}: ${missing.join("; ")}`,
      expected: "a shape for every input",
      got: missing.join("; "),
      hint: `inputShapes: { ${hints.join(", ")} }`,
    });
  return { placeholders, constants, impossible };
}

function tensorType(info: ValueInfoProto) {
  const type = info.type?.value;
  const inner = type?.case === "optionalType" ? type.value.elemType?.value : type;
  return inner?.case === "tensorType" ? inner.value : undefined;
}

function whyImpossible(info: ValueInfoProto): string | undefined {
  const type = tensorType(info);
  if (!type) return `an input of ${info.type?.value.case === "sequenceType" ? "sequence" : "another than tensor"} type`;
  return heldType(type.elemType) ? undefined : `an input of element type ${typeName(type.elemType)}`;
}

function declaration(info: ValueInfoProto): Declared {
  const type = tensorType(info);
  const code = type?.elemType ?? 0;
  const extents = type?.shape?.dim.map(({ value }): Extent => {
    if (value.case === "dimValue") return value.value < 0n ? undefined : Number(value.value);
    return value.case === "dimParam" && value.value !== "" ? value.value : undefined;
  });
  return { name: info.name, dtype: heldType(code) as DType, code, extents };
}

function checkNames(model: string, names: readonly string[], infos: readonly ValueInfoProto[]): void {
  const unknown = names.find((n) => infos.every((info) => info.name !== n));
  if (unknown === undefined) return;
  const expected = infos.map((info) => `"${info.name}"`).join(", ") || "none: the model has no inputs";
  throw new TweedieError("invalid-option", { what: `inputs of ${model}`, expected, got: `"${unknown}"` });
}

/** A model may call its inputs what every object has: "constructor". */
const ownShape = (shapes: Readonly<Record<string, Shape>>, name: string) =>
  Object.hasOwn(shapes, name) ? shapes[name] : undefined;

/** What the given shapes say about the model's symbolic extents. */
function bindSymbols(declared: readonly Declared[], shapes: Readonly<Record<string, Shape>>): Map<string, number> {
  const symbols = new Map<string, number>();
  for (const { name, extents } of declared) {
    const given = ownShape(shapes, name);
    if (!given) continue;
    if (given.some((d) => !Number.isInteger(d) || d < 0))
      throw new TweedieError("invalid-option", {
        what: `shape of input "${name}"`,
        expected: "whole numbers",
        got: show(given),
      });
    if (!extents) continue;
    const conflict =
      given.length !== extents.length ||
      extents.some((e, i) => {
        if (typeof e === "string" && !symbols.has(e)) symbols.set(e, given[i]);
        const fixed = typeof e === "string" ? symbols.get(e) : e;
        return fixed !== undefined && fixed !== given[i];
      });
    if (conflict)
      throw new TweedieError("shape-mismatch", {
        what: `input "${name}"`,
        expected: describe(extents.map((e) => (typeof e === "string" ? (symbols.get(e) ?? e) : e))),
        got: show(given),
      });
  }
  return symbols;
}

const describe = (extents: readonly Extent[]) => `[${extents.map((e) => e ?? "?").join(", ")}]`;

function open({ name }: Declared, extents: readonly Extent[] | undefined): string {
  if (!extents) return `input "${name}" has no declared shape and none is given`;
  const free = extents.flatMap((e, i) =>
    typeof e === "number" ? [] : [typeof e === "string" ? `"${e}"` : `axis ${i}`],
  );
  return `input "${name}" of shape ${describe(extents)} has no value for ${free.join(", ")}`;
}

function frozen({ name, dtype }: Declared, extents: readonly Extent[] | undefined, values: FrozenValues): Tensor {
  const list = typeof values === "number" || typeof values === "boolean" ? [Number(values)] : values;
  const known = extents?.filter((e) => typeof e === "number") ?? [];
  let shape: number[] | undefined;
  if (extents && known.length === extents.length) shape = known;
  else if (extents && known.length === extents.length - 1) {
    const rest = list.length / (sizeOf(known) || 1);
    shape = extents.map((e) => (typeof e === "number" ? e : rest));
  } else if (!extents) shape = typeof values === "object" ? [list.length] : [];
  if (!shape || sizeOf(shape) !== list.length)
    throw new TweedieError("shape-mismatch", {
      what: `values of the frozen input "${name}"`,
      expected: extents ? `as many as ${describe(extents)} holds` : "a shape",
      got: `${list.length}`,
    });
  return constant(list, shape, dtype);
}
