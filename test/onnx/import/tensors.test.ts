import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { TensorProtoSchema, TensorProto_DataType as Type } from "../../../src/onnx/generated/onnx_pb.ts";
import { importTensor } from "../../../src/onnx/import/tensors.ts";
import { evaluate } from "../../../src/tensor/index.ts";

const raw = (dataType: number, bytes: readonly number[], dims: readonly number[]) =>
  create(TensorProtoSchema, { dataType, rawData: Uint8Array.from(bytes), dims: dims.map(BigInt) });
const values = (...args: Parameters<typeof importTensor>) => Array.from(evaluate([importTensor(...args)])[0].data);

describe("element types that only store weights", () => {
  it("widens bfloat16, from raw bytes and from int32_data", () => {
    // 1, -2, 2^-126, infinity, NaN
    expect(values(raw(Type.BFLOAT16, [0x80, 0x3f, 0, 0xc0, 0x80, 0, 0x80, 0x7f, 0xc0, 0x7f], [5]))).toEqual([
      1,
      -2,
      2 ** -126,
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ]);
    const listed = create(TensorProtoSchema, { dataType: Type.BFLOAT16, int32Data: [0x3f80, 0xc000], dims: [2n] });
    expect(values(listed)).toEqual([1, -2]);
  });

  it("decodes 8-bit floats (values of the OCP specification and of the ml_dtypes tables)", () => {
    const patterns = [0x00, 0x01, 0x38, 0xb8, 0x7e, 0x7f, 0x80];
    expect(values(raw(Type.FLOAT8E4M3FN, patterns, [7]))).toEqual([0, 2 ** -9, 1, -1, 448, Number.NaN, -0]);
    expect(values(raw(Type.FLOAT8E4M3FNUZ, [0x40, 0x7f, 0x80], [3]))).toEqual([1, 240, Number.NaN]);
    expect(values(raw(Type.FLOAT8E5M2, [0x3c, 0x7b, 0x7c, 0x7d, 0x01], [5]))).toEqual([
      1,
      57344,
      Number.POSITIVE_INFINITY,
      Number.NaN,
      2 ** -16,
    ]);
    expect(values(raw(Type.FLOAT8E5M2FNUZ, [0x40, 0x7f, 0x80], [3]))).toEqual([1, 57344, Number.NaN]);
    expect(values(raw(Type.FLOAT8E8M0, [127, 0, 254, 255], [4]))).toEqual([1, 2 ** -127, 2 ** 127, Number.NaN]);
  });

  it("unpacks 4- and 2-bit elements, low bits first", () => {
    expect(values(raw(Type.INT4, [0x8f, 0x07], [3]))).toEqual([-1, -8, 7]);
    expect(values(raw(Type.UINT4, [0x8f, 0x07], [3]))).toEqual([15, 8, 7]);
    expect(values(raw(Type.INT2, [0b11100100, 0b01], [5]))).toEqual([0, 1, -2, -1, 1]);
    expect(values(raw(Type.UINT2, [0b11100100], [4]))).toEqual([0, 1, 2, 3]);
    expect(values(raw(Type.FLOAT4E2M1, [0x21, 0xf7], [4]))).toEqual([0.5, 1, 6, -6]);
    expect(importTensor(raw(Type.INT4, [0], [2])).dtype).toBe("int8");
  });

  it("refuses strings, negative extents and data of the wrong length", () => {
    expect(() => importTensor(raw(Type.STRING, [], [0]))).toThrow("element type STRING");
    expect(() => importTensor(raw(Type.INT4, [1, 2, 3], [2]))).toThrow(
      "expected 1 bytes for 2 elements of INT4, got 3",
    );
    expect(() => importTensor(raw(Type.FLOAT, [1, 2, 3], [1]))).toThrow("expected 1 float32 elements");
    expect(() => importTensor(raw(Type.FLOAT, [], [-1]))).toThrow("expected extents of at least 0");
  });
});
