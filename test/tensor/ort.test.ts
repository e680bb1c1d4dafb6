import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import { NodeRuntime } from "../../src/node/runtime.ts";
import { constant, evaluate, fromFloat64, input, Tensor, toFloat64, vjp } from "../../src/tensor/index.ts";
import { cases, type Problem, values } from "./cases/index.ts";

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.dispose());

const isReal = (x: { dtype: string }) => x.dtype.startsWith("float");

/** The function's results and its VJPs, as one graph with inputs named after `prefix`. */
function graphOf({ inputs, build, note }: Problem, prefix: string) {
  const xs = inputs.map((v) => input(v.shape, v.dtype));
  const built = build(...xs);
  const ys = built instanceof Tensor ? [built] : built;
  const real = ys.filter(isReal);
  const cotangents = real.map((y, i) => constant(values(y.size, [-1, 1], 17 + i), y.shape, y.dtype));
  const pulled = vjp(real, xs.filter(isReal), cotangents);
  const named = (list: readonly Tensor[], kind: string) =>
    Object.fromEntries(list.map((x, i) => [`${prefix}${kind}${i}`, x]));
  // Inputs of float32 precision, so that both evaluations start from the same numbers.
  const feeds = inputs.map((v) => fromFloat64(v.data, v.dtype));
  return { inputs: named(xs, "x"), outputs: { ...named(ys, "y"), ...named(pulled, "g") }, feeds, note };
}

function close(actual: ArrayLike<number>, expected: Float64Array, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const finite = Array.from(expected, Math.abs).filter(Number.isFinite);
  const tolerance = 1e-5 * Math.max(0.1, ...finite);
  for (let i = 0; i < expected.length; i++) {
    const same = Object.is(actual[i], expected[i]) || Math.abs(actual[i] - expected[i]) <= tolerance;
    if (!same) expect(actual[i], `${what}, entry ${i}`).toBe(expected[i]);
  }
}

/** Compiles and runs problems in one program, and compares every value and VJP. */
async function compare(on: Engine, problems: readonly Problem[], name: string): Promise<void> {
  const graphs = problems.map((p, k) => graphOf(p, `${name}${k}`));
  const inputs = Object.assign({}, ...graphs.map((g) => g.inputs)) as Record<string, Tensor>;
  const outputs = Object.assign({}, ...graphs.map((g) => g.outputs)) as Record<string, Tensor>;
  const program = await on.compile({ inputs, outputs });
  const feeds = Object.fromEntries(graphs.flatMap((g) => Object.keys(g.inputs).map((key, i) => [key, g.feeds[i]])));
  const results = await program.run(feeds);
  for (const g of graphs) {
    const feed = new Map(Object.values(g.inputs).map((x, i) => [x, toFloat64(g.feeds[i], x.dtype)]));
    const expected = evaluate(Object.values(g.outputs), feed);
    Object.keys(g.outputs).forEach((key, i) => {
      const { data, dtype, shape } = expected[i];
      close(toFloat64(results[key], dtype), data, `${key} ${shape} ${g.note ?? ""}`);
    });
  }
  await program.dispose();
}

describe("ONNX Runtime in float32 within 1e-5 of the float64 evaluator, values and VJPs", () => {
  it.each(Object.keys(cases))("%s", async (name) => {
    await compare(engine, fc.sample(cases[name], { numRuns: 15, seed: 4 }), name);
  });
});

describe("other forms of the same ops", () => {
  it("float64", async () => {
    const data = values(12, "signed", 5);
    const problem = (build: (x: Tensor) => Tensor): Problem => ({
      inputs: [{ shape: [3, 4], data, dtype: "float64" }],
      build,
    });
    const functions = [
      (x: Tensor) => x.relu(),
      (x: Tensor) => x.tanh().matmul(x.transpose()).sum(),
      (x: Tensor) => x.softmax(0),
      (x: Tensor) =>
        x.pad(
          [
            [1, 0],
            [2, 1],
          ],
          "reflect",
        ),
    ];
    await compare(engine, functions.map(problem), "double");
  });
  it("without ONNX Runtime's own domain", async () => {
    const runtime = Object.assign(new NodeRuntime(), { contrib: false });
    const plain = await createEngine({ threads: 1, runtime });
    await compare(plain, fc.sample(cases.silu, { numRuns: 10, seed: 6 }), "silu");
    await plain.dispose();
  });
});
