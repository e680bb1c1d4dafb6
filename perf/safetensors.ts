import { writeFileSync } from "node:fs";
import { fileSource } from "../src/node/byte-source.ts";
import { openSafetensors, toFloat32 } from "../src/weights/index.ts";
import type { Weights } from "./networks.ts";

/** The tensors of a safetensors file as float32. */
export async function readWeights(path: string): Promise<Weights> {
  const file = await fileSource(path);
  const source = await openSafetensors(file);
  const weights = new Map<string, { data: Float32Array; shape: readonly number[] }>();
  for (const name of source.names()) {
    const stored = await source.read(name);
    weights.set(name, { data: toFloat32(stored), shape: stored.shape });
  }
  await file.close();
  return weights;
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
