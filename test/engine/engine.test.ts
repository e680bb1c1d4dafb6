import { afterAll, describe, expect, it } from "vitest";
import { createEngine } from "../../src/engine/index.ts";
import { constant, evaluate, gradient, input, probe, type Tensor, vjp } from "../../src/tensor/index.ts";

export function random(n: number, seed: number): Float32Array {
  let s = seed * 2654435761 + 12345;
  return Float32Array.from({ length: n }, () => {
    s = (s * 1664525 + 1013904223) % 4294967296;
    return s / 2147483648 - 1;
  });
}

const engine = await createEngine({ threads: 2 });
afterAll(() => engine.dispose());

function net(x: Tensor): Tensor {
  const w = (o: number, c: number, k: number, seed: number) =>
    constant(
      random(o * c * k * k, seed).map((v) => v / Math.sqrt(c * k * k)),
      [o, c, k, k],
    );
  const h = x.conv(w(8, 3, 3, 1), { pads: 1, bias: constant(random(8, 5)) }).silu();
  const d = h.conv(w(8, 8, 3, 2), { pads: 1, stride: 2 }).relu();
  const u = d.resize({ size: [x.shape[2], x.shape[3]] }).add(h);
  return probe(u.conv(w(3, 8, 3, 3), { pads: 1 }), "forward");
}

describe("programs", () => {
  it("agree with the float64 evaluator", async () => {
    const x = input([2, 3, 8, 8]);
    const sigma = input([]);
    const y = net(x.div(sigma));
    const [g] = gradient(y.square().sum(), [x]);
    const program = await engine.compile({ inputs: { x, sigma }, outputs: { y, g }, optional: ["g"] });
    expect(program.counts).toEqual({ always: { forward: 1 }, optional: { g: { "forward'": 1 } } });
    const data = random(x.size, 9);
    const [ey, eg] = evaluate(
      [y, g],
      new Map([
        [x, data],
        [sigma, [0.7]],
      ]),
    );
    const first = await program.run({ x: data, sigma: 0.7 });
    expect(Object.keys(first)).toEqual(["y"]);
    const both = await program.run({ x: data, sigma: 0.7 }, { outputs: ["y", "g"] });
    expect(error(first.y, ey.data)).toBeLessThan(1e-6);
    expect(error(both.y, ey.data)).toBeLessThan(1e-6);
    expect(error(both.g, eg.data)).toBeLessThan(1e-6);
    expect(data[0]).toBe(random(1, 9)[0]);
  });
  it("abort", async () => {
    const x = input([1, 3, 8, 8]);
    const program = await engine.compile({ inputs: { x }, outputs: { x: net(x) } });
    const c = new AbortController();
    const p = program.run({ x: random(192, 1) }, { signal: c.signal });
    c.abort();
    await expect(p).rejects.toMatchObject({ code: "aborted" });
    await program.run({ x: random(192, 1) });
  });
});

export function error(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [d, n] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    d += (a[i] - b[i]) ** 2;
    n += b[i] ** 2;
  }
  return Math.sqrt(d / n);
}
