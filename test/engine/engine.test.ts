import { afterAll, describe, expect, it } from "vitest";
import { createEngine } from "../../src/node/engine.ts";
import { constant, type DType, evaluate, gradient, input, probe, type Tensor } from "../../src/tensor/index.ts";
import { distance, random, smallNet } from "./helpers.ts";

const engine = await createEngine({ threads: 2 });
afterAll(() => engine.dispose());

const shape = [2, 3, 8, 8];
const size = 384;

describe("a program", () => {
  it("agrees with the float64 evaluator, network and gradient", async () => {
    const [x, sigma] = [input(shape), input([])];
    const y = smallNet(x.div(sigma));
    const [g] = gradient(y.square().sum(), [x]);
    const program = await engine.compile({ inputs: { x, sigma }, outputs: { y, g } });
    const feeds = { x: random(size, 9), sigma: 0.7 };
    const expected = evaluate(
      [y, g],
      new Map<Tensor, ArrayLike<number>>([
        [x, feeds.x],
        [sigma, [Math.fround(0.7)]],
      ]),
    );
    const results = await program.run(feeds);
    expect(distance(results.y, expected[0].data)).toBeLessThan(1e-6);
    expect(distance(results.g, expected[1].data)).toBeLessThan(1e-6);
  });

  it("leaves the feeds to the caller and hands the results over", async () => {
    const x = input([3]);
    const program = await engine.compile({ inputs: { x }, outputs: { double: x.mul(2), same: x } });
    const data = Float32Array.of(1, 2, 3);
    const first = await program.run({ x: data });
    first.same[0] = 7;
    const second = await program.run({ x: data.subarray() });
    expect([...data]).toEqual([1, 2, 3]);
    expect([...second.same]).toEqual([1, 2, 3]);
    expect([...second.double]).toEqual([2, 4, 6]);
  });

  it("may give a state back under the names of its inputs, one value under two names, and a constant", async () => {
    const x = input([2]);
    const next = x.add(1);
    const outputs = { x: next, again: next, fixed: constant([5, 6]) };
    const program = await engine.compile({ inputs: { x }, outputs });
    const results = await program.run({ x: Float32Array.of(1, 2) });
    expect(Object.fromEntries(Object.entries(results).map(([k, v]) => [k, [...v]]))).toEqual({
      x: [2, 3],
      again: [2, 3],
      fixed: [5, 6],
    });
  });

  it.each<[DType, ArrayLike<number | bigint>]>([
    ["float32", Float32Array.of(-1.5, 0, 2)],
    ["float64", Float64Array.of(-1.5, 0, Math.PI)],
    ["float16", Uint16Array.of(0xbe00, 0, 0x4000)],
    ["int64", BigInt64Array.of(-5n, 0n, 2n ** 60n)],
    ["int32", Int32Array.of(-5, 0, 2 ** 30)],
    ["uint8", Uint8Array.of(0, 7, 255)],
    ["bool", Uint8Array.of(0, 1, 1)],
  ])("carries %s", async (dtype, data) => {
    const x = input([3], dtype);
    const program = await engine.compile({ inputs: { x }, outputs: { y: x.reshape(1, 3) } });
    const { y } = await program.run({ x: data as Float32Array });
    expect(y).toEqual(data);
  });

  it("takes doubles for float32 inputs, numbers and booleans for single elements", async () => {
    const [x, s, b] = [input([2]), input([1, 1]), input([], "bool")];
    const program = await engine.compile({ inputs: { x, s, b }, outputs: { y: b.where(x.mul(s), 0).flatten() } });
    expect([...(await program.run({ x: Float64Array.of(1, 2), s: 3, b: true })).y]).toEqual([3, 6]);
    expect([...(await program.run({ x: Float32Array.of(1, 2), s: 3, b: false })).y]).toEqual([0, 0]);
  });

  it("holds constants of megabytes, stored once", async () => {
    const n = 1 << 20;
    const data = random(n, 3);
    const x = input([]);
    const [a, b] = [constant(data, [n]), constant(data.slice(), [n])];
    const program = await engine.compile({ inputs: { x }, outputs: { y: a.mul(x).add(b) } });
    const { y } = await program.run({ x: 2 });
    expect(y.length).toBe(n);
    expect(y[n - 1]).toBe(Math.fround(Math.fround(2 * data[n - 1]) + data[n - 1]));
  });

  it("gives the same bytes each time, and each sample the same whatever the batch", async () => {
    const build = (n: number) => {
      const x = input([n, 3, 16, 16]);
      const y = smallNet(x);
      return engine.compile({ inputs: { x }, outputs: { y, g: gradient(y.square().sum(), [x])[0] } });
    };
    const [one, two] = [await build(1), await build(2)];
    const data = random(2 * 768, 4);
    const both = await two.run({ x: data });
    expect(await two.run({ x: data })).toEqual(both);
    for (const k of [0, 1]) {
      const alone = await one.run({ x: data.slice(k * 768, (k + 1) * 768) });
      expect(alone.y).toEqual(both.y.slice(k * 768, (k + 1) * 768));
      expect(alone.g).toEqual(both.g.slice(k * 768, (k + 1) * 768));
    }
  });
});

describe("optional outputs", () => {
  it("are computed on request, from one graph, and counted", async () => {
    const x = input(shape);
    const y = smallNet(x);
    const [g] = gradient(y.square().sum(), [x]);
    const [h] = gradient(smallNet(g).sum(), [x]);
    const program = await engine.compile({ inputs: { x }, outputs: { y, g, h }, optional: ["g", "h"] });
    expect(program.counts).toEqual({
      always: { forward: 1 },
      // h pulls back through its own network call (whose output it does not need), through g's and through g's own VJP.
      optional: { g: { "forward'": 1 }, h: { "forward'": 3, "forward''": 1 } },
    });
    expect(program.countsOf()).toEqual({ forward: 1 });
    expect(program.countsOf(["g"])).toEqual({ forward: 1, "forward'": 1 });
    expect(program.countsOf(["g", "h"])).toEqual(program.countsOf(["h"]));
    const data = random(size, 2);
    const expected = evaluate([y, g, h], new Map([[x, data]]));
    expect(Object.keys(await program.run({ x: data }))).toEqual(["y"]);
    for (const outputs of [["g"], ["h"], ["h", "y"], ["y", "g", "h"]] as ("y" | "g" | "h")[][]) {
      const results = await program.run({ x: data }, { outputs });
      expect(Object.keys(results).sort()).toEqual([...outputs].sort());
      for (const name of outputs)
        expect(distance(results[name], expected[["y", "g", "h"].indexOf(name)].data)).toBeLessThan(2e-6);
    }
  });

  it("need only their own inputs", async () => {
    const [x, v] = [input([2]), input([2])];
    const program = await engine.compile({ inputs: { x, v }, outputs: { a: x.exp(), b: x.mul(v) }, optional: ["b"] });
    expect([...(await program.run({ x: Float32Array.of(0, 0) })).a]).toEqual([1, 1]);
    await expect(program.run({ x: Float32Array.of(0, 0) }, { outputs: ["b"] })).rejects.toMatchObject({
      code: "invalid-option",
      message: "input v: expected 2 float32 elements of shape [2], got nothing",
    });
  });

  it("may all be optional, be scalars, and read each other's parts", async () => {
    const x = input([3]);
    const shared = probe(x.exp(), "call");
    const outputs = { a: shared.sum(), b: shared.square().sum(), c: x.sum() };
    const program = await engine.compile({ inputs: { x }, outputs, optional: ["a", "b", "c"] });
    expect(program.counts).toEqual({ always: {}, optional: { a: { call: 1 }, b: { call: 1 }, c: {} } });
    expect(program.countsOf(["a", "b"])).toEqual({ call: 1 });
    expect(program.rowsOf(["a", "b"])).toEqual({ call: 3 });
    const feeds = { x: Float32Array.of(0, 0, 0) };
    expect(await program.run(feeds, { outputs: ["b"] })).toEqual({ b: Float32Array.of(3) });
    expect(await program.run(feeds, { outputs: ["c", "a"] })).toEqual({ c: Float32Array.of(0), a: Float32Array.of(3) });
    expect(await program.run(feeds)).toEqual({});
  });

  it("count a network call that is written twice as one", async () => {
    const x = input(shape);
    const program = await engine.compile({ inputs: { x }, outputs: { y: smallNet(x).add(smallNet(x)) } });
    expect(program.counts.always).toEqual({ forward: 1 });
  });
});

describe("wrong use", () => {
  const x = input([4]);
  it.each<[string, object, string]>([
    ["a missing feed", {}, "input x: expected 4 float32 elements of shape [4], got nothing"],
    ["an unknown feed", { x: new Float32Array(4), z: 1 }, "input z: expected one of x, got z"],
    [
      "a short feed",
      { x: new Float32Array(3) },
      "input x: expected 4 float32 elements of shape [4], got a Float32Array of 3",
    ],
    [
      "a feed of another type",
      { x: new Int32Array(4) },
      "input x: expected 4 float32 elements of shape [4], got a Int32Array of 4",
    ],
    ["a number for many elements", { x: 1 }, "input x: expected 4 float32 elements of shape [4], got the number 1"],
  ])("%s is refused", async (_, feeds, message) => {
    const program = await engine.compile({ inputs: { x }, outputs: { y: x.exp() } });
    await expect(program.run(feeds)).rejects.toMatchObject({ code: "invalid-option", message });
  });

  it("an unknown output is refused", async () => {
    const program = await engine.compile({ inputs: { x }, outputs: { y: x.exp() } });
    const run = program.run({ x: new Float32Array(4) }, { outputs: ["q" as "y"] });
    await expect(run).rejects.toMatchObject({ message: "output q: expected one of y, got q" });
  });

  it("a graph that depends on an unnamed input is refused, as is an input that is none", async () => {
    const compile = engine.compile({ inputs: { x }, outputs: { y: x.add(input([4])) } });
    await expect(compile).rejects.toMatchObject({ code: "invalid-option" });
    await expect(engine.compile({ inputs: { x: x.exp() }, outputs: { y: x } })).rejects.toMatchObject({
      message: "input x: expected a tensor made by input(), got the result of exp",
    });
  });

  it("a program that cannot fit is refused before it is loaded", async () => {
    const small = await createEngine({ threads: 1, memory: 100e6 });
    const big = input([1, 3, 2048, 2048]);
    const compile = small.compile({ inputs: { big }, outputs: { y: smallNet(big) } });
    await expect(compile).rejects.toMatchObject({ code: "out-of-memory", expected: "at most 100 MB" });
    await small.dispose();
  });

  it.each([0, 1.5, Number.NaN])("%s threads are refused", async (threads) => {
    await expect(createEngine({ threads })).rejects.toMatchObject({ code: "invalid-option" });
  });
});
