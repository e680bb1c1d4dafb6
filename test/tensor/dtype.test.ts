import { describe, expect, it } from "vitest";
import { coerce, decodeHalf, encodeHalf, fromFloat64, roundEven, toFloat64 } from "../../src/tensor/dtype.ts";

describe("half precision", () => {
  it("survives the way to double and back, every bit pattern of it", () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = decodeHalf(bits);
      if (Number.isNaN(value)) expect(encodeHalf(value)).toBe(0x7e00);
      else if (encodeHalf(value) !== bits) expect.unreachable(`pattern ${bits}`);
    }
  });
  it.each([
    [1, 0x3c00],
    [-2, 0xc000],
    [1 / 3, 0x3555],
    [65504, 0x7bff],
    [65519.99, 0x7bff],
    [65520, 0x7c00],
    [-Infinity, 0xfc00],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [1.5 * 2 ** -24, 0x0002],
    [2 ** -14, 0x0400],
    [-0, 0x8000],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [2 - 2 ** -12, 0x4000],
  ])("rounds %f to %i", (value, bits) => void expect(encodeHalf(value)).toBe(bits));
});

describe("element types", () => {
  it.each([
    [300, "uint8", 44],
    [-1, "uint8", 255],
    [200, "int8", -56],
    [-2.7, "int32", -2],
    [2 ** 31, "int32", -(2 ** 31)],
    [0.1, "bool", 1],
    [-1, "uint32", 4294967295],
  ] as const)("brings %f to %s", (value, dtype, expected) => void expect(coerce(value, dtype)).toBe(expected));

  it("round trip through their typed arrays", () => {
    for (const dtype of [
      "float32",
      "float64",
      "float16",
      "int64",
      "int32",
      "int16",
      "int8",
      "uint8",
      "uint16",
    ] as const) {
      const array = fromFloat64([0, 1, 2, 100], dtype);
      expect(Array.from(toFloat64(array, dtype)), dtype).toEqual([0, 1, 2, 100]);
    }
    expect(fromFloat64([-3, 5], "int64")).toEqual(new BigInt64Array([-3n, 5n]));
  });
  it("round half to even", () => {
    expect([0.5, 1.5, 2.5, -0.5, -2.5, 2.4999].map((v) => roundEven(v) + 0)).toEqual([0, 2, 2, 0, -2, 2]);
  });
});
