import { stridedIndex } from "../iterate.ts";
import type { Op } from "../op.ts";
import { normalizeAxes, normalizeAxis, sameShape, shapeError, show, stridesOf } from "../shape.ts";
import { apply, type Tensor } from "../tensor.ts";
import { pad } from "./pad.ts";

export interface SliceAttrs {
  /** Per axis of the input: first position, number of entries, step (not 0; negative walks back). */
  readonly starts: readonly number[];
  readonly counts: readonly number[];
  readonly steps: readonly number[];
}

export const sliceOp: Op<SliceAttrs> = {
  name: "slice",
  infer([x], { counts }) {
    return { shape: counts, dtype: x.dtype };
  },
  evaluate([x], { starts, steps }, { shape }) {
    const strides = stridesOf(x.shape);
    const base = starts.reduce((at, s, i) => at + s * strides[i], 0);
    const index = stridedIndex(
      shape,
      strides.map((s, i) => s * steps[i]),
      base,
    );
    return Float64Array.from(index, (i) => x.data[i]);
  },
  onnx(emit, [x], node) {
    const { starts, counts, steps } = node.attrs as SliceAttrs;
    const full = node.inputs[0].shape;
    const axes = full.flatMap((d, i) => (counts[i] === d && steps[i] === 1 ? [] : [i]));
    // An end before position 0 is written as a very negative number: -1 would mean the last entry.
    const end = (i: number) => {
      const e = starts[i] + counts[i] * steps[i];
      return e < 0 ? -(2 ** 31) : e;
    };
    const list = (f: (i: number) => number) => emit.ints(axes.map(f));
    return emit.node("Slice", [x, list((i) => starts[i]), list(end), emit.ints(axes), list((i) => steps[i])]);
  },
  vjp({ inputs: [x], attrs: { starts, counts, steps }, gradient }) {
    const back = counts.flatMap((n, i) => (steps[i] < 0 && n > 0 ? [i] : []));
    let g = back.length > 0 ? flip(gradient, back) : gradient;
    const first = starts.map((s, i) => (steps[i] < 0 ? s + (counts[i] - 1) * steps[i] : s));
    for (const axis of counts.keys()) g = dilate(g, axis, Math.abs(steps[axis]));
    return [
      pad(
        g,
        x.shape.map((d, i) => (counts[i] === 0 ? [0, d] : [first[i], d - first[i] - g.shape[i]]) as [number, number]),
      ),
    ];
  },
};

/** Puts `step - 1` zeros between neighbours along one axis. */
function dilate(x: Tensor, axis: number, step: number): Tensor {
  const n = x.shape[axis];
  if (step === 1 || n < 2) return x;
  const split = [...x.shape.slice(0, axis), n, 1, ...x.shape.slice(axis + 1)];
  const padded = pad(
    x.reshape(split),
    split.map((_, i) => [0, i === axis + 1 ? step - 1 : 0] as const),
  );
  return padded.reshape(x.shape.map((d, i) => (i === axis ? d * step : d))).narrow(axis, 0, (n - 1) * step + 1);
}

export function slice(
  x: Tensor,
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[] = starts.map((_, i) => i),
  steps: readonly number[] = starts.map(() => 1),
): Tensor {
  if (starts.length !== ends.length || starts.length !== axes.length || starts.length !== steps.length)
    throw shapeError(
      "slice",
      "as many starts as ends, axes and steps",
      [starts, ends, axes, steps].map(show).join(", "),
    );
  const full = { starts: x.shape.map(() => 0), counts: [...x.shape], steps: x.shape.map(() => 1) };
  axes.forEach((a, k) => {
    const axis = normalizeAxis("slice", a, x.rank);
    const d = x.shape[axis];
    const step = steps[k];
    if (step === 0) throw shapeError("slice", "a step other than 0", "0");
    const limit = (v: number, low: number, high: number) => Math.min(Math.max(v < 0 ? v + d : v, low), high);
    const start = step > 0 ? limit(starts[k], 0, d) : limit(starts[k], 0, d - 1);
    const end = step > 0 ? limit(ends[k], 0, d) : limit(ends[k], -1, d - 1);
    full.starts[axis] = start;
    full.counts[axis] = d === 0 ? 0 : Math.max(0, Math.ceil((end - start) / step));
    full.steps[axis] = step;
  });
  if (sameShape(full.counts, x.shape) && full.steps.every((s) => s === 1)) return x;
  return apply(sliceOp, [x], full);
}

export function narrow(x: Tensor, axis: number, start: number, length: number): Tensor {
  const a = normalizeAxis("narrow", axis, x.rank);
  if (start < 0 || length < 0 || start + length > x.shape[a])
    throw shapeError("narrow", `a range inside [0, ${x.shape[a]})`, `[${start}, ${start + length})`);
  return slice(x, [start], [start + length], [a]);
}

export function flip(x: Tensor, axes: number | readonly number[]): Tensor {
  const list = normalizeAxes("flip", axes, x.rank).filter((a) => x.shape[a] > 1);
  if (list.length === 0) return x;
  const attrs: SliceAttrs = {
    starts: x.shape.map((d, i) => (list.includes(i) ? d - 1 : 0)),
    counts: x.shape,
    steps: x.shape.map((_, i) => (list.includes(i) ? -1 : 1)),
  };
  if (x.op === (sliceOp as Op) && sameShape(x.shape, x.inputs[0].shape)) {
    const inner = x.attrs as SliceAttrs; // flipping the same axes twice gives the original back
    if (inner.steps.every((s, i) => s === attrs.steps[i])) return x.inputs[0];
  }
  return apply(sliceOp, [x], attrs);
}

export function split(x: Tensor, sizes: readonly number[], axis = 0): Tensor[] {
  const a = normalizeAxis("split", axis, x.rank);
  if (sizes.reduce((s, n) => s + n, 0) !== x.shape[a])
    throw shapeError("split", `sizes that add up to ${x.shape[a]}`, show(sizes));
  let start = 0;
  return sizes.map((n) => {
    start += n;
    return narrow(x, a, start - n, n);
  });
}

export const concatOp: Op<{ readonly axis: number }> = {
  name: "concat",
  infer(inputs, { axis }) {
    const [first] = inputs;
    for (const x of inputs) {
      const fits =
        x.rank === first.rank && x.dtype === first.dtype && x.shape.every((d, i) => i === axis || d === first.shape[i]);
      if (!fits)
        throw shapeError(
          "concat",
          `${first.dtype} ${show(first.shape)} but for axis ${axis}`,
          `${x.dtype} ${show(x.shape)}`,
        );
    }
    const along = inputs.reduce((n, x) => n + x.shape[axis], 0);
    return { shape: first.shape.map((d, i) => (i === axis ? along : d)), dtype: first.dtype };
  },
  evaluate(inputs, { axis }, { shape }) {
    const out = new Float64Array(shape.reduce((n, d) => n * d, 1));
    const outer = shape.slice(0, axis).reduce((n, d) => n * d, 1);
    let at = 0;
    for (let o = 0; o < outer; o++)
      for (const x of inputs) {
        const run = x.data.length / outer;
        out.set(x.data.subarray(o * run, (o + 1) * run), at);
        at += run;
      }
    return out;
  },
  onnx: (emit, inputs, node) => emit.node("Concat", inputs, { axis: { i: (node.attrs as { axis: number }).axis } }),
  vjp({ inputs, attrs: { axis }, gradient, needs }) {
    let start = 0;
    return inputs.map((x, i) => {
      start += x.shape[axis];
      return needs[i] ? narrow(gradient, axis, start - x.shape[axis], x.shape[axis]) : undefined;
    });
  },
};

export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  if (tensors.length === 0) throw shapeError("concat", "at least one tensor", "none");
  if (tensors.length === 1) return tensors[0];
  return apply(concatOp, tensors, { axis: normalizeAxis("concat", axis, tensors[0].rank) });
}

/** Joins tensors of one shape along a new axis. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  return concat(
    tensors.map((t) => t.unsqueeze(axis)),
    axis,
  );
}
