import { afterAll, beforeAll, expect, it } from "vitest";
import type { Engine } from "../../src/engine/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import { adjoint, createOperator, type OperatorSpec, solveGram, solveNormal } from "../../src/operators/index.ts";
import { normals } from "../../src/random/index.ts";
import { evaluate, input, sizeOf, type Tensor, vjp } from "../../src/tensor/index.ts";

const domain = [1, 3, 21, 26];
const motion = (length: number) => ({ type: "motion", length, angle: 35 });
const specs: OperatorSpec[] = [
  { name: "denoise" },
  { name: "inpaint", mask: { type: "random", missing: 0.5, seed: 1 } },
  { name: "colorize" },
  { name: "compressed-sensing", ratio: 0.4, seed: 1 },
  { name: "block-compressed-sensing", ratio: 0.4, seed: 1, block: 8 },
  { name: "super-resolution", scale: 4 },
  { name: "super-resolution", scale: 3, kernel: "bicubic" },
  { name: "blur", kernel: { type: "gaussian", std: 2 } },
  { name: "blur", kernel: { type: "gaussian", std: 2 }, border: "circular" },
  { name: "blur", kernel: motion(6) },
  { name: "blur", kernel: motion(6), border: "zero" },
  { name: "blur", kernel: motion(6), border: "circular" },
  { name: "blur", kernel: motion(19) },
  {
    name: "composition",
    steps: [
      { name: "blur", kernel: { type: "gaussian", std: 1 } },
      { name: "super-resolution", scale: 2 },
    ],
  },
];

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 2 });
});
afterAll(() => engine.dispose());

it.each(specs.map((spec) => ({ title: JSON.stringify(spec), spec })))(
  "$title: float32 on the engine agrees with float64, for a batch of two",
  async ({ spec }) => {
    const operator = createOperator(spec, { domain });
    const batch = (shape: readonly number[]) => [2, ...shape.slice(1)];
    const x = input(batch(domain));
    const y = input(batch(operator.range));
    const outputs: Record<string, Tensor> = {
      measured: operator.apply(x),
      adjoint: adjoint(operator, y),
      normal: solveNormal(operator, x, 0.05),
      gram: solveGram(operator, y, 0.05),
    };
    if (operator.pseudoInverse) outputs.pseudoInverse = operator.pseudoInverse(y);
    if (operator.svd) outputs.spectral = operator.svd.vt(x);
    const numbers = (t: Tensor, purpose: string) => normals({ seed: 1, purpose }, sizeOf(t.shape));
    const feeds = { x: numbers(x, "x"), y: numbers(y, "y") };
    const program = await engine.compile({ inputs: { x, y }, outputs });
    const results = await program.run(feeds);
    await program.dispose();
    const feed = new Map([
      [x, feeds.x],
      [y, feeds.y],
    ]);
    for (const [name, tensor] of Object.entries(outputs)) {
      const [{ data: exact }] = evaluate([tensor], feed);
      const got = results[name];
      const size = Math.sqrt(exact.reduce((s, v) => s + v * v, 0));
      const error = Math.sqrt(exact.reduce((s, v, i) => s + (v - Number(got[i])) ** 2, 0));
      // Conjugate gradients and divisions by small singular values amplify rounding.
      const tolerance = name === "measured" || name === "adjoint" || name === "spectral" ? 1e-6 : 1e-4;
      expect(error / Math.max(size, 1e-12), name).toBeLessThan(tolerance);
    }
  },
);

it.each([{ name: "hdr" }, { name: "quantize", bits: 3 }, { name: "jpeg", quality: 40 }])(
  "$name: values and gradients of the engine agree with float64, save where rounding decides a half",
  async (spec) => {
    const operator = createOperator(spec, { domain });
    const x = input(domain);
    const y = input(operator.range);
    const outputs = { measured: operator.apply(x), pulled: vjp([operator.apply(x)], [x], [y])[0] };
    const feeds = {
      x: normals({ seed: 1, purpose: "x" }, sizeOf(domain)).map((v) => 0.3 * v),
      y: normals({ seed: 1, purpose: "y" }, sizeOf(operator.range)),
    };
    const program = await engine.compile({ inputs: { x, y }, outputs });
    const results = await program.run(feeds);
    await program.dispose();
    const feed = new Map([
      [x, feeds.x],
      [y, feeds.y],
    ]);
    for (const name of ["measured", "pulled"] as const) {
      const [{ data: exact }] = evaluate([outputs[name]], feed);
      const off = exact.filter((v, i) => Math.abs(v - Number(results[name][i])) > 1e-4).length;
      expect(off / exact.length, name).toBeLessThan(spec.name === "jpeg" ? 0.1 : 1e-3);
    }
  },
);
