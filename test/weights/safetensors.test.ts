import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TweedieError } from "../../src/errors.ts";
import {
  type ByteSource,
  blobSource,
  bytesSource,
  openSafetensors,
  type Safetensors,
  toFloat32,
  weight,
} from "../../src/weights/index.ts";

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
const open = (bytes: Uint8Array, name = "f") => openSafetensors(bytesSource(bytes, name));
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
  ])("%s, whatever the alignment", async (name, dtype, data) => {
    const body = new Uint8Array(3 + data.byteLength);
    body.set(bytesOf(data), 3);
    const bytes = file({ pad: entry("U8", [3], 0, 3), x: entry(name, [2], 3, 3 + data.byteLength) }, body);
    const source = await open(bytes);
    expect([...source.names()]).toEqual(["pad", "x"]);
    expect(source.entry("x")).toMatchObject({ dtype, shape: [2] });
    expect(await source.read("x")).toEqual({ dtype, shape: [2], data });
  });

  test("half precision and bfloat16 as their values", async () => {
    const body = bytesOf(Uint16Array.of(0x3c00, 0xc500, 0x0001, 0x7bff, 0x3f80, 0xc0a0));
    const source = await open(file({ half: entry("F16", [4], 0, 8), brain: entry("BF16", [2, 1], 8, 12) }, body));
    const [half, brain] = [await source.read("half"), await source.read("brain")];
    expect([...toFloat32(half)]).toEqual([1, -5, 2 ** -24, 65504]);
    expect([...toFloat32(brain)]).toEqual([1, -5]);
    expect(source.entry("brain")).toMatchObject({ dtype: "float32", shape: [2, 1] });
    expect(weight(brain).shape).toEqual([2, 1]);
  });

  test("scalars, empty tensors, metadata, spaces after the header", async () => {
    const header = { __metadata__: { by: "us" }, s: entry("F32", [], 0, 4), e: entry("F32", [0, 3], 4, 4) };
    const source = await open(file(`${JSON.stringify(header)}   `, bytesOf(Float32Array.of(7))));
    expect(source.metadata).toEqual({ by: "us" });
    expect([...(await source.read("s")).data, (await source.read("e")).data.length]).toEqual([7, 0]);
  });

  test("tensors with the names of an object's own properties", async () => {
    const names = ["__proto__", "constructor", "toString"];
    const text = `{${names.map((name, i) => `"${name}":${JSON.stringify(entry("U8", [1], i, i + 1))}`).join(",")}}`;
    const source = await open(file(text, Uint8Array.of(5, 6, 7)));
    expect([...source.names()]).toEqual(names);
    expect((await source.read("__proto__")).data).toEqual(Uint8Array.of(5));
    expect(source.entry("hasOwnProperty")).toBeUndefined();
  });

  test("no more than it is asked for, from any source", async () => {
    const bytes = file({ a: entry("U8", [2], 0, 2), b: entry("U8", [3], 2, 5) }, Uint8Array.of(1, 2, 3, 4, 5));
    const start = bytes.length - 5;
    const blob = blobSource(new Blob([new Uint8Array(bytes)]), "blob");
    const ranges: number[][] = [];
    const watched: ByteSource = {
      ...blob,
      read(offset, length, signal) {
        ranges.push([offset, length]);
        return blob.read(offset, length, signal);
      },
    };
    const source: Safetensors = await openSafetensors(watched);
    expect((await source.read("b")).data).toEqual(Uint8Array.of(3, 4, 5));
    expect(ranges).toEqual([
      [0, 8],
      [8, start - 8],
      [start + 2, 3],
    ]);
    await expect(source.read("c")).rejects.toMatchObject({ code: "invalid-model" });
    await expect(source.read("a", AbortSignal.abort())).rejects.toMatchObject({ code: "aborted" });
    await expect(blob.read(bytes.length - 1, 2)).rejects.toMatchObject({ code: "unreadable-file" });
  });
});

describe("refuses, naming file and tensor", () => {
  const body = new Uint8Array(16);
  const long = file("{}");
  new DataView(long.buffer).setBigUint64(0, 100_000_001n, true);
  test.each([
    ["an empty file", new Uint8Array(), "f.safetensors: expected a safetensors file, got 0 bytes"],
    ["a text file", new TextEncoder().encode("hello, world, this is text"), "a whole safetensors file"],
    ["a header longer than the file", long, "a header of 100000001 bytes in a file of 10"],
    ["a header that is no JSON", file("{nonsense", body), "a safetensors header in JSON"],
    ["an empty header", file(""), "a safetensors header in JSON"],
    ["a header that is a list", file([1], body), "another kind of JSON value"],
    ["a header that starts with a space", file(" {}"), "a safetensors header that starts with {"],
    ["a header with a byte-order mark", file("\uFEFF{}"), "a safetensors header in JSON"],
    ["an unknown type", file({ w: entry("F8_E4M3", [16], 0, 16) }, body), "tensor w: expected one of the types"],
    ["a type that objects inherit", file({ w: entry("constructor", [16], 0, 16) }, body), "got constructor"],
    ["a negative extent", file({ w: entry("F32", [-4], 0, 16) }, body), "a header of whole numbers"],
    ["an extent beyond 2^53", file({ w: entry("U8", [2 ** 53], 0, 16) }, body), "tensor w: expected a shape"],
    ["extents whose product is", file({ w: entry("U8", [2 ** 40, 2 ** 40], 0, 16) }, body), "bytes for U8 ["],
    ["missing offsets", file({ w: { dtype: "F32", shape: [4] } }, body), "tensor w: expected two data offsets"],
    ["offsets that fall", file({ w: entry("U8", [0], 16, 8) }, body), "expected 0 bytes for U8 [0], got -8"],
    ["a cut file", file({ w: entry("F32", [8], 0, 32) }, body), "tensor w: expected data up to byte 32, got only 16"],
    ["a shape that does not fit", file({ w: entry("F32", [3], 0, 16) }, body), "expected 12 bytes for F32 [3], got 16"],
    ["metadata that is no text", file({ __metadata__: { a: 1 } }, body), "metadata of texts"],
    [
      "a hole",
      file({ a: entry("U8", [4], 0, 4), b: entry("U8", [8], 8, 16) }, body),
      "tensor b: expected data from byte 4",
    ],
    ["a hole at the start", file({ a: entry("U8", [8], 8, 16) }, body), "tensor a: expected data from byte 0"],
    [
      "an overlap",
      file({ a: entry("U8", [12], 0, 12), b: entry("U8", [8], 8, 16) }, body),
      "tensor b: expected data from byte 12, where the one before ends, got from 8",
    ],
    ["one place for two", file({ a: entry("U8", [16], 0, 16), b: entry("U8", [16], 0, 16) }, body), "from byte 16"],
    ["bytes after the last", file({ a: entry("U8", [8], 0, 8) }, body), "expected 8 bytes of tensors, got 16"],
    [
      "a name twice",
      file(
        `{"w":${JSON.stringify(entry("U8", [8], 0, 8))},"\\u0077":${JSON.stringify(entry("U8", [8], 8, 16))}}`,
        body,
      ),
      "a header of different keys, got w twice",
    ],
    [
      "a field twice",
      file('{"w":{"dtype":"U8","dtype":"U8","shape":[16],"data_offsets":[0,16]}}', body),
      "got dtype twice",
    ],
    ["1.6e1", file('{"w":{"dtype":"U8","shape":[1.6e1],"data_offsets":[0,16]}}', body), "a header of whole numbers"],
    ["-0", file('{"w":{"dtype":"U8","shape":[16],"data_offsets":[-0,16]}}', body), "a header of whole numbers"],
  ])("%s", async (_, bytes, message) => {
    await expect(open(bytes, "f.safetensors")).rejects.toThrow(message);
    await expect(open(bytes, "f.safetensors")).rejects.toThrow(TweedieError);
  });

  test("a header above 100 MB, without reading it", async () => {
    const first = new Uint8Array(8);
    new DataView(first.buffer).setBigUint64(0, 100_000_001n, true);
    const source: ByteSource = {
      name: "f",
      size: 2 ** 40,
      read: async (offset, length) => {
        if (offset + length > 8) throw new Error("read beyond the header's length");
        return first;
      },
    };
    await expect(openSafetensors(source)).rejects.toThrow("f: expected a header of at most 100000000 bytes");
  });

  test("any cut of a file and any damage: a typed error or a whole result, never another exception", async () => {
    const whole = file({ a: entry("F32", [2, 2], 0, 16), b: entry("I64", [], 16, 24) }, new Uint8Array(24));
    const readAll = async (bytes: Uint8Array) => {
      const source = await open(bytes);
      for (const name of source.names()) await source.read(name);
    };
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), async (at, value, cut) => {
        const bytes = cut ? whole.slice(0, at) : whole.slice();
        if (!cut) bytes[at] = value;
        const error = await readAll(bytes).catch((e: unknown) => e);
        if (error !== undefined) expect(error).toBeInstanceOf(TweedieError);
        if (cut) expect(error).toBeInstanceOf(TweedieError);
      }),
      { numRuns: 500 },
    );
  });
});
