import { describe, expect, it } from "vitest";
import { constant, evaluate, input, substitute } from "../../src/tensor/index.ts";

describe("substitute", () => {
  it("gives the same expressions over other inputs", () => {
    const x = input([2], "float64");
    const [y] = substitute([x.square().add(1)], new Map([[x, constant([2, 3], [2], "float64")]]));
    expect(Array.from(evaluate([y])[0].data)).toEqual([5, 10]);
  });

  it("shares what does not depend on what is replaced", () => {
    const [x, w] = [input([2]), input([2])];
    const weight = w.exp();
    const [y] = substitute([x.mul(weight)], new Map([[x, input([2])]]));
    expect(y.inputs[1]).toBe(weight);
  });

  it("refuses another shape or type", () => {
    const x = input([2]);
    expect(() => substitute([x.exp()], new Map([[x, input([3])]]))).toThrow(/substitute: expected float32 \[2\]/);
    expect(() => substitute([x.exp()], new Map([[x, input([2], "float64")]]))).toThrow(/float64/);
  });
});
