import { afterAll, describe, expect, it } from "vitest";
import { createEngine } from "../../src/node/engine.ts";
import { constant, evaluate, groupNorm, input, instanceNorm, type Tensor, vjp } from "../../src/tensor/index.ts";

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.dispose());

describe("reductions over images keep their digits in float32", () => {
  const shape = [1, 8, 160, 160];
  const n = shape.reduce((a, b) => a * b);
  // Far from zero mean, where one flat sum would lose the most.
  const data = Float32Array.from({ length: n }, (_, i) => 3 + Math.sin(i * 1.7) + Math.cos((i * i) % 977));
  const x = input(shape);
  const g = constant(
    data.map((_, i) => 0.3 + Math.sin(i * 0.37)),
    shape,
  );
  const flat = x.flatten();
  const grouped = groupNorm(x, 2);
  it.each<[string, Tensor]>([
    ["sum", x.sum()],
    ["mean per channel", x.mean([0, 2, 3])],
    ["sum of a flat vector", flat.sum()],
    ["sum of long rows", x.reshape(8, -1).sum(1, true)],
    ["dot product", flat.dot(g.flatten())],
    ["norm of a flat vector", flat.norm()],
    ["variance", x.sub(x.mean()).square().mean()],
    ["logSumExp", flat.logSumExp()],
    ["groupNorm", grouped],
    ["groupNorm's derivative", vjp([grouped], [x], [g])[0]],
    ["instanceNorm", instanceNorm(x)],
  ])("%s", async (_, y) => {
    const program = await engine.compile({ inputs: { x }, outputs: { y } });
    const { y: actual } = await program.run({ x: data });
    const expected = evaluate([y], new Map([[x, data]]))[0].data;
    const scale = expected.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    const error = expected.reduce((m, v, i) => Math.max(m, Math.abs(v - Number(actual[i]))), 0);
    expect(error / scale).toBeLessThan(3e-6);
    await program.dispose();
  });
});
