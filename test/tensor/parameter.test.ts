import { describe, expect, it } from "vitest";
import { constant, evaluate, gradient, input, parameter } from "../../src/tensor/index.ts";

const value = (x: ReturnType<typeof constant>, feeds = new Map()) => [...evaluate([x], feeds)[0].data];

describe("a parameter", () => {
  it("evaluates like a constant of the same values, shape and type", () => {
    for (const of of [constant, parameter]) {
      expect(value(of([1, 2, 3]).mul(2))).toEqual([2, 4, 6]);
      expect(value(of(0.1))).toEqual([0.1]);
      expect(of([1, 2], [2, 1], "float64")).toMatchObject({ shape: [2, 1], dtype: "float64" });
    }
    expect(() => parameter([1, 2], [3])).toThrow("expected 3 elements");
  });

  it("stays in a product with 1 and a sum with 0, where constants vanish", () => {
    const x = input([2]);
    expect(x.mul(1)).toBe(x);
    expect(x.mul(parameter(1))).not.toBe(x);
  });

  it("can be differentiated for", () => {
    const [x, p] = [input([2]), parameter([3, 4])];
    const [g] = gradient(x.mul(p).sum(), [p]);
    expect(value(g, new Map([[x, [5, 6]]]))).toEqual([5, 6]);
  });

  it("given as a function is computed when it is needed, once", () => {
    let calls = 0;
    const lazy = parameter(() => ++calls);
    expect(calls).toBe(0);
    expect(lazy).toMatchObject({ shape: [], dtype: "float32" });
    expect(value(lazy.add(lazy))).toEqual([2]);
    expect(value(lazy)).toEqual([1]);
  });
});
