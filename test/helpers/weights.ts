import { readFileSync } from "node:fs";
import { bytesSource, openSafetensors, type StoredTensor, type WeightSource } from "../../src/weights/index.ts";

export interface Tensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** All tensors of a safetensors file: of its path, or of its bytes. */
export async function readTensors(file: Uint8Array | string): Promise<Tensors> {
  const bytes = typeof file === "string" ? new Uint8Array(readFileSync(file)) : file;
  const source = await openSafetensors(bytesSource(bytes, "f"));
  const names = [...source.names()];
  const stored = await Promise.all(names.map((name) => source.read(name)));
  return { tensors: new Map(names.map((name, i) => [name, stored[i]])), metadata: source.metadata };
}

/** Tensors in memory as a source. */
export function inMemory(tensors: ReadonlyMap<string, StoredTensor>, name: string): WeightSource {
  return {
    name,
    names: () => tensors.keys(),
    entry: (key) => tensors.get(key),
    read: async (key) => tensors.get(key)!,
  };
}
