import { readFileSync, writeFileSync } from "node:fs";
import { readSafetensors } from "../src/priors/index.ts";
import { toFloat64 } from "../src/tensor/index.ts";
import type { Weights } from "./networks.ts";

/** The tensors of a safetensors file as float32. */
export function readWeights(path: string): Weights {
  const { tensors } = readSafetensors(readFileSync(path), path);
  return new Map(
    [...tensors].map(([name, { data, dtype, shape }]) => [
      name,
      { data: data instanceof Float32Array ? data : Float32Array.from(toFloat64(data, dtype)), shape },
    ]),
  );
}

export function writeWeights(path: string, weights: Weights): void {
  let at = 0;
  const header: Record<string, unknown> = {};
  for (const [name, { data, shape }] of weights) {
    header[name] = { dtype: "F32", shape, data_offsets: [at, at + data.byteLength] };
    at += data.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const parts = [...weights.values()].map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  writeFileSync(path, Buffer.concat([length, text, ...parts]));
}
