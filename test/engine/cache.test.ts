import { describe, expect, it } from "vitest";
import type { HostValue, Runtime } from "../../src/engine/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import { structureOf } from "../../src/onnx/structure.ts";
import type { GraphOptions } from "../../src/onnx/write.ts";
import { constant, input, parameter, type Tensor } from "../../src/tensor/index.ts";

/** A runtime that counts what it loads and adds up what it is fed. */
function countingRuntime() {
  const events: string[] = [];
  const runtime: Runtime = {
    contrib: false,
    cores: 1,
    availableMemory: () => undefined,
    hold: async (value) => value,
    createSession: async ({ outputs }) => {
      events.push("load");
      return {
        run: async (feeds, names) => {
          const sum = Object.values(feeds).reduce((total, v) => total + Number((v as HostValue).data[0]), 0);
          const value = { data: Float32Array.of(sum), shape: [], dtype: "float32", location: "host" };
          return Object.fromEntries(names.map((name) => [name, value as unknown as HostValue]));
        },
        dispose: async () => void events.push(`close ${outputs[0].name}`),
      };
    },
    dispose: async () => {},
  };
  return { runtime, events };
}

const scaled = (by: Tensor) => {
  const x = input([]);
  return { inputs: { x }, outputs: { y: x.mul(by) } };
};

describe("the structure of a graph", () => {
  it("is the same whatever its parameters are", () => {
    expect(structureOf(scaled(parameter(2)))).toBe(structureOf(scaled(parameter(3))));
    const long = (seed: number) =>
      parameter(
        Float64Array.from({ length: 9 }, (_, i) => i * seed),
        [9],
        "float32",
      );
    expect(structureOf(scaled(long(1)))).toBe(structureOf(scaled(long(2))));
  });

  it("differs with constants, shapes, types, ops, attributes, names and optional outputs", () => {
    const x = input([2, 3]);
    const one: GraphOptions = { inputs: { x }, outputs: { y: x.sum(0) } };
    const others: GraphOptions[] = [
      { inputs: { x }, outputs: { y: x.sum(1) } },
      { inputs: { x }, outputs: { z: x.sum(0) } },
      { inputs: { u: x }, outputs: { y: x.sum(0) } },
      { inputs: { x }, outputs: { y: x.max(0) } },
      { inputs: { x }, outputs: { y: x.sum(0).mul(2) } },
      { inputs: { x }, outputs: { y: x.sum(0).mul(3) } },
      { inputs: { x }, outputs: { y: x.sum(0).mul(constant([1, 2, 3, 4, 5].slice(0, 3))) } },
      { inputs: { x }, outputs: { y: x.sum(0) }, optional: ["y"] },
      { inputs: { x }, outputs: { y: x.sum(0).mul(parameter(2)) } },
      { inputs: { x }, outputs: { y: x.clip(0, Number.POSITIVE_INFINITY).sum(0) } },
      { inputs: { x }, outputs: { y: x.clip(0).sum(0) } },
    ];
    const keys = [one, ...others].map(structureOf);
    expect(new Set(keys).size).toBe(keys.length);
    const long = (last: number) => constant(Float32Array.from({ length: 1001 }, (_, i) => (i === 1000 ? last : i)));
    const of = (c: Tensor) => structureOf({ inputs: {}, outputs: { y: c.neg() } });
    expect(of(long(1))).toBe(of(long(1)));
    expect(of(long(1))).not.toBe(of(long(2)));
  });
});

describe("an engine", () => {
  it("compiles a structure once and feeds each program its own parameters", async () => {
    const { runtime, events } = countingRuntime();
    const engine = await createEngine({ runtime });
    const [two, three] = [await engine.compile(scaled(parameter(2))), await engine.compile(scaled(parameter(3)))];
    expect(events).toEqual(["load"]);
    expect([...(await two.run({ x: 1 })).y]).toEqual([3]);
    expect([...(await three.run({ x: 1 })).y]).toEqual([4]);
  });

  it("keeps disposed programs within its limit, closes the least recently used first, never one in use", async () => {
    const { runtime, events } = countingRuntime();
    const graph = (name: string, by: number) => {
      const x = input([1000]);
      return { inputs: { x }, outputs: { [name]: x.mul(by) } };
    };
    const probe = await createEngine({ runtime: countingRuntime().runtime });
    const { memory } = await probe.compile(graph("a", 2));
    const engine = await createEngine({ runtime, cache: 2.5 * memory });
    const a = await engine.compile(graph("a", 2));
    const b = await engine.compile(graph("b", 2));
    await a.dispose();
    await b.dispose();
    await a.dispose();
    expect(events).toEqual(["load", "load"]);
    const again = await engine.compile(graph("a", 2));
    await engine.compile(graph("c", 2));
    expect(events).toEqual(["load", "load", "load", "close b"]);
    await engine.compile(graph("d", 2)); // over the limit, but all are in use
    expect(events).toEqual(["load", "load", "load", "close b", "load"]);
    await again.dispose();
    expect(events.at(-1)).toBe("close a");
  });
});
