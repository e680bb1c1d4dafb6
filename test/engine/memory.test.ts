import { describe, expect, it } from "vitest";
import { footprint } from "../../src/engine/liveness.ts";
import { estimateMemory, refuseIfTooLarge } from "../../src/engine/memory.ts";
import { availableMemory } from "../../src/node/memory.ts";
import { layOut } from "../../src/onnx/write.ts";
import { constant, gradient, input, type Tensor } from "../../src/tensor/index.ts";
import { random } from "./helpers.ts";

const n = 1000; // floats: 4000 bytes
const of = (build: (x: Tensor) => Record<string, Tensor>, optional: string[] = []) => {
  const x = input([n]);
  return footprint(layOut({ inputs: { x }, outputs: build(x), optional }));
};

describe("what is alive at one time", () => {
  it("is the input, and one buffer that a chain overwrites", () => {
    expect(of((x) => ({ y: x.exp().sin().tanh().exp() }))).toEqual({ weights: 0, live: 8000 });
  });

  it("holds what a later node reads", () => {
    const chain = (x: Tensor) => {
      const a = x.exp();
      return { y: a.sin().tanh().mul(a) };
    };
    expect(of(chain)).toEqual({ weights: 0, live: 12000 });
  });

  it("counts views once, and outputs to the end", () => {
    expect(of((x) => ({ y: x.exp().reshape(10, 100).reshape(100, 10).sin() })).live).toBe(8000);
    expect(of((x) => ({ a: x.exp(), b: x.sin(), c: x.cos() })).live).toBe(16000);
  });

  it("includes the parts of optional outputs", () => {
    const outputs = (x: Tensor) => {
      const a = x.exp();
      return { a, b: a.sin().mul(a.cos()) };
    };
    expect(of(outputs, ["b"]).live).toBe(of(outputs).live);
  });

  it("grows with what a gradient keeps: one tensor a layer", () => {
    const layers = (count: number) => (x: Tensor) => {
      let y = x;
      for (let k = 0; k < count; k++) y = y.add(constant(random(n, k))).sin(); // cos(x + c) is needed again
      return { g: gradient(y.sum(), [x])[0] };
    };
    expect(of(layers(12)).live - of(layers(8)).live).toBe(4 * 4000);
  });

  it("counts constants once, and those computed of constants instead of their sources", () => {
    expect(of((x) => ({ y: x.mul(constant(random(n, 1))) })).weights).toBe(4000);
    const c = constant(random(n, 1));
    expect(of((x) => ({ y: x.mul(c.exp()) })).weights).toBe(4000);
    expect(of((x) => ({ y: x.mul(c.exp()).add(c) })).weights).toBe(8000);
  });
});

describe("the estimate", () => {
  it("grows with the area of the picture", () => {
    const estimate = (side: number) => {
      const x = input([1, 8, side, side]);
      const w = constant(random(8 * 8 * 9, 1), [8, 8, 3, 3]);
      const y = x.conv(w, { pads: 1 }).silu().conv(w, { pads: 1 });
      return estimateMemory(layOut({ inputs: { x }, outputs: { g: gradient(y.square().sum(), [x])[0] } }));
    };
    const [a, b, c] = [256, 512, 1024].map(estimate);
    expect((c - b) / (b - a)).toBeCloseTo(4, 1);
  });

  it("refuses with both numbers", () => {
    expect(() => refuseIfTooLarge(5e9, 2.04e9)).toThrow(
      expect.objectContaining({
        code: "out-of-memory",
        message: "the program needs about 5.0 GB of memory, 2.0 GB are available",
        hint: expect.stringContaining("smaller picture"),
      }),
    );
    expect(() => refuseIfTooLarge(1e6, 1e6)).not.toThrow();
  });

  it("knows that some memory is available", () => {
    expect(availableMemory()).toBeGreaterThan(50e6);
    expect(availableMemory()).toBeLessThan(2 ** 50);
  });
});
