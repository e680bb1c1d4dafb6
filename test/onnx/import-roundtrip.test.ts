import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { importOnnx } from "../../src/onnx/import.ts";
import { encodeModel } from "../../src/onnx/proto.ts";
import { layOut } from "../../src/onnx/write.ts";
import { toModelProto } from "../../src/onnx/write-encode.ts";
import { constant, evaluate, input, Tensor, vjp } from "../../src/tensor/index.ts";
import { cases, type Problem, values } from "../tensor/cases/index.ts";

const isReal = (x: Tensor) => x.dtype.startsWith("float");

/** A function's results and its VJPs, under names of their own. */
function graphOf({ inputs, build }: Problem) {
  const xs = inputs.map((v) => input(v.shape, v.dtype));
  const built = build(...xs);
  const ys = built instanceof Tensor ? [built] : built;
  const real = ys.filter(isReal);
  const cotangents = real.map((y, i) => constant(values(y.size, [-1, 1], 17 + i), y.shape, y.dtype));
  const named = (list: readonly Tensor[], kind: string) => list.map((x, i) => [`${kind}${i}`, x] as const);
  return {
    inputs: Object.fromEntries(named(xs, "x")),
    outputs: Object.fromEntries([...named(ys, "y"), ...named(vjp(real, xs.filter(isReal), cotangents), "g")]),
  };
}

describe("a graph that is written as ONNX and imported again means the same", () => {
  for (const contrib of [false, true])
    it.each(Object.keys(cases))(`%s, ${contrib ? "with" : "without"} operators of ONNX Runtime`, (name) => {
      for (const problem of fc.sample(cases[name], { numRuns: 6, seed: 9 })) {
        const { inputs, outputs } = graphOf(problem);
        const bytes = encodeModel(toModelProto(layOut({ inputs, outputs, contrib })));
        const again = importOnnx(bytes);
        const feed = (model: Record<string, Tensor>) =>
          new Map(problem.inputs.flatMap((v, i) => (model[`x${i}`] ? [[model[`x${i}`], v.data] as const] : [])));
        const names = Object.keys(outputs);
        const expected = evaluate(Object.values(outputs), feed(inputs));
        const got = evaluate(
          names.map((n) => again.outputs[n]),
          feed(again.inputs),
        );
        names.forEach((n, i) => {
          expect({ n, shape: got[i].shape, dtype: got[i].dtype }).toEqual({
            n,
            shape: expected[i].shape,
            dtype: expected[i].dtype,
          });
          const scale = Math.max(0.1, ...Array.from(expected[i].data, Math.abs).filter(Number.isFinite));
          expected[i].data.forEach((v, k) => {
            const close = Object.is(v, got[i].data[k]) || Math.abs(v - got[i].data[k]) <= 1e-5 * scale; // float32 constants
            if (!close) expect(got[i].data[k], `${n}, entry ${k} ${problem.note ?? ""}`).toBe(v);
          });
        });
      }
    });
});
