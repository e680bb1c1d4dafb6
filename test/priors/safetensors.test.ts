import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TweedieError } from "../../src/errors.ts";
import { readSafetensors, toFloat32, weight } from "../../src/priors/safetensors.ts";

/** A file of the given header and body, the reverse of the reader. */
function file(header: unknown, body: Uint8Array = new Uint8Array()): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(body, 8 + text.length);
  return bytes;
}

const entry = (dtype: string, shape: number[], from: number, to: number) => ({
  dtype,
  shape,
  data_offsets: [from, to],
});
const bytesOf = (data: ArrayBufferView) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

describe("reads", () => {
  test.each([
    ["F64", "float64", Float64Array.of(1.5, -2)],
    ["F32", "float32", Float32Array.of(1.5, -2)],
    ["I64", "int64", BigInt64Array.of(-3n, 2n ** 40n)],
    ["I32", "int32", Int32Array.of(-3, 4)],
    ["I16", "int16", Int16Array.of(-3, 4)],
    ["I8", "int8", Int8Array.of(-3, 4)],
    ["U64", "uint64", BigUint64Array.of(3n, 4n)],
    ["U32", "uint32", Uint32Array.of(3, 4)],
    ["U16", "uint16", Uint16Array.of(3, 4)],
    ["U8", "uint8", Uint8Array.of(3, 4)],
    ["BOOL", "bool", Uint8Array.of(0, 1)],
  ])("%s, whatever the alignment", (name, dtype, data) => {
    const body = new Uint8Array(3 + data.byteLength);
    body.set(bytesOf(data), 3);
    const bytes = file({ pad: entry("U8", [3], 0, 3), x: entry(name, [2], 3, 3 + data.byteLength) }, body);
    expect(readSafetensors(bytes, "f").tensors.get("x")).toEqual({ dtype, shape: [2], data });
  });

  test("half precision and bfloat16 as their values", () => {
    const body = bytesOf(Uint16Array.of(0x3c00, 0xc500, 0x0001, 0x7bff, 0x3f80, 0xc0a0));
    const { tensors } = readSafetensors(
      file({ half: entry("F16", [4], 0, 8), brain: entry("BF16", [2, 1], 8, 12) }, body),
      "f",
    );
    expect([...toFloat32(tensors.get("half")!)]).toEqual([1, -5, 2 ** -24, 65504]);
    expect([...toFloat32(tensors.get("brain")!)]).toEqual([1, -5]);
    expect(weight(tensors.get("brain")!).shape).toEqual([2, 1]);
  });

  test("scalars, empty tensors, metadata", () => {
    const header = { __metadata__: { by: "us" }, s: entry("F32", [], 0, 4), e: entry("F32", [0, 3], 4, 4) };
    const { tensors, metadata } = readSafetensors(file(header, bytesOf(Float32Array.of(7))), "f");
    expect(metadata).toEqual({ by: "us" });
    expect([...tensors.get("s")!.data, tensors.get("e")!.data.length]).toEqual([7, 0]);
  });
});

describe("refuses, naming file and tensor", () => {
  const body = new Uint8Array(16);
  test.each([
    ["an empty file", new Uint8Array(), "f.safetensors: expected a safetensors file, got 0 bytes"],
    ["a text file", new TextEncoder().encode("hello, world, this is text"), "a whole safetensors file"],
    ["a header that is no JSON", file("{nonsense", body), "a safetensors header in JSON"],
    ["a header that is a list", file([1], body), "another kind of JSON value"],
    ["an unknown type", file({ w: entry("F8_E4M3", [16], 0, 16) }, body), "tensor w: expected one of the types"],
    ["a negative extent", file({ w: entry("F32", [-4], 0, 16) }, body), "tensor w: expected a shape, got [-4]"],
    ["missing offsets", file({ w: { dtype: "F32", shape: [4] } }, body), "tensor w: expected two data offsets"],
    ["a cut file", file({ w: entry("F32", [8], 0, 32) }, body), "tensor w: expected data up to byte 32, got only 16"],
    ["a shape that does not fit", file({ w: entry("F32", [3], 0, 16) }, body), "expected 12 bytes for F32 [3], got 16"],
    ["metadata that is no text", file({ __metadata__: { a: 1 } }, body), "metadata of texts"],
  ])("%s", (_, bytes, message) => {
    expect(() => readSafetensors(bytes, "f.safetensors")).toThrow(message);
    expect(() => readSafetensors(bytes, "f.safetensors")).toThrow(TweedieError);
  });

  test("any cut of a file and any damage: a typed error or a whole result, never another exception", () => {
    const whole = file({ a: entry("F32", [2, 2], 0, 16), b: entry("I64", [], 16, 24) }, new Uint8Array(24));
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), (at, value, cut) => {
        const bytes = cut ? whole.slice(0, at) : whole.slice();
        if (!cut) bytes[at] = value;
        try {
          readSafetensors(bytes, "f");
        } catch (error) {
          expect(error).toBeInstanceOf(TweedieError);
        }
        if (cut) expect(() => readSafetensors(bytes, "f")).toThrow(TweedieError);
      }),
      { numRuns: 500 },
    );
  });
});
