import type { Op } from "../op.ts";
import { shapeError, show, stridesOf } from "../shape.ts";
import { apply, type Tensor } from "../tensor.ts";
import { gather, scatterAdd } from "./gather.ts";
import { slice } from "./slice.ts";

/** What stands outside the picture: a constant, the mirrored inside (edge not repeated), the edge pixel, the other side. */
export type PadMode = "constant" | "reflect" | "edge" | "circular";

export interface PadAttrs {
  /** Non-negative amounts `[before, after]` per axis. */
  readonly amounts: readonly (readonly [number, number])[];
  readonly mode: PadMode;
  readonly value: number;
}

const onnxMode: Record<PadMode, string> = { constant: "constant", reflect: "reflect", edge: "edge", circular: "wrap" };

/** For each position of the padded axis: the position it copies, or -1 for the constant. */
export function padIndices(n: number, before: number, after: number, mode: PadMode): number[] {
  return Array.from({ length: n + before + after }, (_, k) => {
    const i = k - before;
    if (i >= 0 && i < n) return i;
    if (mode === "constant") return -1;
    if (mode === "edge") return i < 0 ? 0 : n - 1;
    if (mode === "circular") return ((i % n) + n) % n;
    const period = Math.max(1, 2 * (n - 1));
    const r = ((i % period) + period) % period;
    return r < n ? r : period - r;
  });
}

export const padOp: Op<PadAttrs> = {
  name: "pad",
  infer([x], { amounts, mode }) {
    if (amounts.length !== x.rank) throw shapeError("pad", `amounts for ${x.rank} axes`, `${amounts.length}`);
    const empty = x.shape.findIndex((d, i) => d === 0 && mode !== "constant" && amounts[i][0] + amounts[i][1] > 0);
    if (empty >= 0) throw shapeError("pad", `entries to copy from along axis ${empty}`, show(x.shape));
    return { shape: x.shape.map((d, i) => d + amounts[i][0] + amounts[i][1]), dtype: x.dtype };
  },
  evaluate([x], { amounts, mode, value }, { shape }) {
    const strides = stridesOf(x.shape);
    const maps = x.shape.map((d, i) => padIndices(d, amounts[i][0], amounts[i][1], mode));
    const position = stridesOf(shape);
    const out = new Float64Array(shape.reduce((n, d) => n * d, 1));
    for (let k = 0; k < out.length; k++) {
      let at = 0;
      for (let i = 0; i < shape.length && at >= 0; i++) {
        const source = maps[i][Math.floor(k / position[i]) % shape[i]];
        at = source < 0 ? -1 : at + source * strides[i];
      }
      out[k] = at < 0 ? value : x.data[at];
    }
    return out;
  },
  onnx(emit, [x], node) {
    const { amounts, mode, value } = node.attrs as PadAttrs;
    const pads = emit.ints([...amounts.map((p) => p[0]), ...amounts.map((p) => p[1])]);
    const fill = mode === "constant" ? [emit.constant([value], [], node.dtype)] : [];
    return emit.node("Pad", [x, pads, ...fill], { mode: { s: onnxMode[mode] } });
  },
  vjp({ inputs: [x], attrs: { amounts, mode }, gradient }) {
    if (mode === "constant") {
      return [
        slice(
          gradient,
          amounts.map((p) => p[0]),
          amounts.map((p, i) => p[0] + x.shape[i]),
        ),
      ];
    }
    return [amounts.reduce((g, [before, after], axis) => foldAxis(g, axis, before, after, mode), gradient)];
  },
};

/** Adjoint of padding one axis: the borders are added back to where they were copied from. */
function foldAxis(g: Tensor, axis: number, before: number, after: number, mode: PadMode): Tensor {
  if (before + after === 0) return g;
  const n = g.shape[axis] - before - after;
  const reach = mode === "reflect" ? n - 1 : n;
  if (before > reach || after > reach) return scatterAdd(g, padIndices(n, before, after, mode), axis, n);
  const place = (part: Tensor, at: number) =>
    pad(
      part,
      g.shape.map((_, i) => (i === axis ? [at, n - at - part.shape[axis]] : [0, 0]) as [number, number]),
    );
  const parts = [g.narrow(axis, before, n)];
  if (before > 0) {
    const head = g.narrow(axis, 0, before);
    if (mode === "reflect") parts.push(place(head.flip(axis), 1));
    else if (mode === "circular") parts.push(place(head, n - before));
    else parts.push(place(head.sum(axis, true), 0));
  }
  if (after > 0) {
    const tail = g.narrow(axis, before + n, after);
    if (mode === "reflect") parts.push(place(tail.flip(axis), n - 1 - after));
    else if (mode === "circular") parts.push(place(tail, 0));
    else parts.push(place(tail.sum(axis, true), n - 1));
  }
  return parts.reduce((a, b) => a.add(b));
}

/** Pads each axis by `[before, after]`. Negative amounts crop; borders wider than the picture reflect or wrap again. */
export function pad(
  x: Tensor,
  amounts: readonly (readonly [number, number])[],
  mode: PadMode = "constant",
  value = 0,
): Tensor {
  if (amounts.length !== x.rank) throw shapeError("pad", `amounts for ${x.rank} axes`, `${amounts.length}`);
  if (amounts.some((p) => p[0] < 0 || p[1] < 0)) {
    const kept = slice(
      x,
      amounts.map((p) => Math.max(0, -p[0])),
      amounts.map((p, i) => x.shape[i] - Math.max(0, -p[1])),
    );
    return pad(
      kept,
      amounts.map((p) => [Math.max(0, p[0]), Math.max(0, p[1])] as const),
      mode,
      value,
    );
  }
  if (amounts.every((p) => p[0] === 0 && p[1] === 0)) return x;
  // ONNX copies at most one period of the picture; wider borders are gathered.
  const far = amounts.findIndex(
    ([a, b], i) => mode !== "constant" && mode !== "edge" && Math.max(a, b) > x.shape[i] - (mode === "reflect" ? 1 : 0),
  );
  if (far >= 0) {
    const [before, after] = amounts[far];
    const wide = gather(x, padIndices(x.shape[far], before, after, mode), far);
    return pad(
      wide,
      amounts.map((p, i) => (i === far ? ([0, 0] as const) : p)),
      mode,
      value,
    );
  }
  return apply(padOp, [x], { amounts: amounts.map(([a, b]) => [a, b] as const), mode, value });
}
