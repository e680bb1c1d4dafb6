import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { constant, evaluate, input, type Tensor } from "../../src/tensor/index.ts";

const values = (n: number, seed: number) =>
  Float64Array.from({ length: n }, (_, i) => Math.sin(1 + i * 12.9898 + seed));
const sizes = fc.record({
  n: fc.integer({ min: 1, max: 2 }),
  c: fc.integer({ min: 1, max: 3 }),
  o: fc.integer({ min: 1, max: 3 }),
  h: fc.integer({ min: 1, max: 3 }),
  w: fc.integer({ min: 1, max: 3 }),
  block: fc.integer({ min: 1, max: 3 }),
  biased: fc.boolean(),
});

/** The second function applied to the values of the first: nothing can be joined across. */
function apart(first: Tensor, x: Tensor, data: Float64Array, second: (y: Tensor) => Tensor): Float64Array {
  const [middle] = evaluate([first], new Map([[x, data]]));
  return evaluate([second(constant(middle.data, middle.shape, "float64"))])[0].data;
}

function close(got: Float64Array, expected: Float64Array): void {
  expect(got.length).toBe(expected.length);
  for (const [i, v] of expected.entries()) expect(got[i]).toBeCloseTo(v, 10);
}

describe("pointwise convolutions joined with pixel shuffles", () => {
  it("equal the two of them one after the other: spaceToDepth, convolution", () => {
    fc.assert(
      fc.property(sizes, ({ n, c, o, h, w, block, biased }) => {
        const x = input([n, c, h * block, w * block], "float64");
        const weight = constant(values(o * c * block ** 2, 1), [o, c * block ** 2, 1, 1], "float64");
        const options = biased ? { bias: constant(values(o, 2), [o], "float64") } : {};
        const data = values(x.size, 3);
        const joined = x.spaceToDepth(block).conv(weight, options);
        expect(joined.inputs[0]).toBe(x);
        close(
          evaluate([joined], new Map([[x, data]]))[0].data,
          apart(x.spaceToDepth(block), x, data, (y) => y.conv(weight, options)),
        );
      }),
    );
  });

  it("equal the two of them one after the other: convolution, depthToSpace", () => {
    fc.assert(
      fc.property(sizes, ({ n, c, o, h, w, block, biased }) => {
        const x = input([n, c, h, w], "float64");
        const weight = constant(values(o * c * block ** 2, 1), [o * block ** 2, c, 1, 1], "float64");
        const options = biased ? { bias: constant(values(o * block ** 2, 2), [o * block ** 2], "float64") } : {};
        const data = values(x.size, 3);
        const convolved = x.conv(weight, options);
        const joined = convolved.depthToSpace(block);
        expect(joined.op.name).toBe("convTranspose");
        close(
          evaluate([joined], new Map([[x, data]]))[0].data,
          apart(convolved, x, data, (y) => y.depthToSpace(block)),
        );
      }),
    );
  });
});
