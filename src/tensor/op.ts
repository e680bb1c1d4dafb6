import type { DType } from "./dtype.ts";
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** A value of the float64 evaluator: row-major doubles (integers and booleans as whole numbers). */
export interface NDArray {
  readonly data: Float64Array;
  readonly shape: Shape;
  readonly dtype: DType;
}

export interface Spec {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** One attribute of an ONNX node, with its ONNX type spelled out. */
export type OnnxAttribute =
  | { i: number }
  | { f: number }
  | { s: string }
  | { ints: readonly number[] }
  | { floats: readonly number[] };

/** What an op needs to write itself as ONNX nodes. Values are named by strings. */
export interface Emitter {
  /** May nodes of the `com.microsoft` domain be used? (ONNX Runtime only.) */
  readonly contrib: boolean;
  /** Appends a node and returns the name of its only (or first) output. */
  node(type: string, inputs: readonly string[], attributes?: Record<string, OnnxAttribute>, domain?: string): string;
  /** Appends a node with `count` outputs and returns their names. */
  nodes(
    type: string,
    inputs: readonly string[],
    count: number,
    attributes?: Record<string, OnnxAttribute>,
    domain?: string,
  ): string[];
  /** A constant; equal small constants share one initializer. */
  constant(values: ArrayLike<number>, shape: Shape, dtype: DType): string;
  /** A 1-D int64 constant (axes, shapes, pads). */
  ints(values: readonly number[]): string;
}

export interface VjpContext<A> {
  readonly inputs: readonly Tensor[];
  readonly attrs: A;
  /** The node whose derivative is asked: rules reuse it instead of computing it again. */
  readonly output: Tensor;
  /** Cotangent of the output, same shape. */
  readonly gradient: Tensor;
  /** Which inputs need a cotangent; the others may be left undefined. */
  readonly needs: readonly boolean[];
}

/**
 * A row of the op table. Each op knows its shape rule, its float64 evaluation, its ONNX form and its
 * vector-Jacobian product, the last written in ops of the same table so that it can be differentiated again.
 */
export interface Op<A = unknown> {
  readonly name: string;
  /**
   * Of ops that are made on the fly: those of one kind emit the same nodes for the same inputs. Without it an op is like no
   * other.
   */
  readonly kind?: string;
  /** Shape rule; throws a `shape-mismatch` that names the op, what it expected and what it got. */
  infer(inputs: readonly Tensor[], attrs: A): Spec;
  /** The plain float64 evaluation: the oracle of the tests. */
  evaluate(inputs: readonly NDArray[], attrs: A, output: Spec): Float64Array;
  /** Emits the op as ONNX nodes and returns the name of the result. */
  onnx(emit: Emitter, inputs: readonly string[], node: Tensor): string;
  /**
   * Cotangents of the inputs, each of its input's shape; undefined where the derivative is zero everywhere.
   * An op without this rule is constant for differentiation (comparisons, rounding, integer ops).
   */
  vjp?(context: VjpContext<A>): readonly (Tensor | undefined)[];
}
