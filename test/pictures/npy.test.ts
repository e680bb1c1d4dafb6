import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeNpy, encodeNpy } from "../../src/pictures/index.ts";

/** Written by NumPy; see golden/make-npy.py. */
const golden: Record<string, { file: string; shape: number[]; values: (number | string)[]; error?: string }> =
  JSON.parse(readFileSync(new URL("golden/npy.json", import.meta.url), "utf8"));

describe("decodeNpy", () => {
  it.each(Object.entries(golden).filter(([, { error }]) => !error))("reads %s as NumPy does", (_, expected) => {
    const { shape, data } = decodeNpy(Buffer.from(expected.file, "base64"));
    expect(shape).toEqual(expected.shape);
    const values = expected.values.map((v) => (v === "inf" ? Number.POSITIVE_INFINITY : Number(v)));
    expect(Array.from(data)).toEqual(values);
  });

  it("refuses what holds no numbers, and files that are cut off", () => {
    expect(() => decodeNpy(Buffer.from(golden.text.file, "base64"), "t.npy")).toThrow(
      "t.npy: expected an array of real or complex numbers, got one of type <U1",
    );
    const whole = Buffer.from(golden.float32.file, "base64");
    expect(() => decodeNpy(whole.subarray(0, whole.length - 1), "t.npy")).toThrow(
      "expected 24 bytes of numbers, got 23",
    );
    expect(() => decodeNpy(whole.subarray(0, 40), "t.npy")).toThrow("expected a NumPy array file (.npy)");
    expect(() => decodeNpy(Buffer.from("not an array at all"), "t.npy")).toThrow("expected a NumPy array file (.npy)");
  });
});

describe("encodeNpy", () => {
  it("writes the bytes that NumPy writes", () => {
    for (const name of ["float32", "float64"]) {
      const bytes = Buffer.from(golden[name].file, "base64");
      expect(Buffer.from(encodeNpy(decodeNpy(bytes))).equals(bytes)).toBe(true);
    }
  });

  it("writes vectors and arrays without axes, and refuses a shape that does not fit", () => {
    const round = (shape: number[], data: Float32Array) => decodeNpy(encodeNpy({ shape, data }));
    expect(round([2], Float32Array.of(1, 2))).toEqual({ shape: [2], data: Float32Array.of(1, 2), type: "f4" });
    expect(round([], Float32Array.of(5))).toEqual({ shape: [], data: Float32Array.of(5), type: "f4" });
    expect(() => encodeNpy({ shape: [2, 2], data: new Float32Array(3) })).toThrow("expected 2 × 2 = 4 values, got 3");
  });
});

describe("hostile headers", () => {
  const file = (shape: string, padding = 0) => {
    const header = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }${" ".repeat(padding)}\n`;
    const start = Buffer.alloc(12);
    start.write("\x93NUMPY\x02\x00", "latin1");
    start.writeUInt32LE(header.length, 8);
    return Buffer.concat([start, Buffer.from(header), Buffer.alloc(4)]);
  };

  it.each([
    ["400 kB", file(`(${"1, ".repeat(130_000)})`), /a header of at most 10000 bytes, got 390056/],
    ["70 axes", file(`(${"1, ".repeat(70)})`), /at most 64 axes/],
    ["a gap", file("(3,,4)"), /got the header/],
    ["an extent beyond whole numbers", file("(99999999999999999999,)"), /at most 64 axes of whole extents/],
  ])("%s end in a typed error", (_, bytes, message) => {
    expect(() => decodeNpy(bytes, "h.npy")).toThrow(
      expect.objectContaining({ code: "unsupported-format", message: expect.stringMatching(message) }),
    );
  });

  it("a trailing comma and padding are allowed", () => {
    expect(decodeNpy(file("(1, 1, )", 500)).shape).toEqual([1, 1]);
  });
});
