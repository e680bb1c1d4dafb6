import { readFileSync } from "node:fs";
import type { Engine } from "../../src/engine/index.ts";
import { constant, evaluate, input, type Tensor, vjp } from "../../src/tensor/index.ts";
import { type StoredTensor, toFloat32, type WeightSource } from "../../src/weights/index.ts";
import { inMemory, readTensors } from "../helpers/weights.ts";

/** Weights of a tiny network, its architecture, and outputs that PyTorch computed in float64 (training/make_latent_golden.py). */
export interface GoldenNetwork {
  readonly architecture: Record<string, unknown>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly weights: WeightSource;
  readonly golden: GoldenTensors;
}

export class GoldenTensors {
  readonly #tensors: ReadonlyMap<string, StoredTensor>;

  constructor(tensors: ReadonlyMap<string, StoredTensor>) {
    this.#tensors = tensors;
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  tensor(name: string): Tensor {
    const stored = this.#tensors.get(name);
    if (!stored) throw new Error(`no golden tensor ${name}`);
    return stored.dtype === "int64"
      ? constant(Array.from(stored.data, Number), stored.shape, "int64")
      : constant(toFloat32(stored), stored.shape);
  }

  values(name: string): ArrayLike<number> {
    return evaluate([this.tensor(name)])[0].data;
  }
}

const read = (name: string) => new Uint8Array(readFileSync(new URL(`./golden/${name}`, import.meta.url)));

export async function goldenTensors(file: string): Promise<GoldenTensors> {
  return new GoldenTensors((await readTensors(read(file))).tensors);
}

export async function goldenNetwork(name: string): Promise<GoldenNetwork> {
  const { tensors, metadata } = await readTensors(read(`${name}/weights.safetensors`));
  return {
    architecture: JSON.parse(metadata.architecture) as Record<string, unknown>,
    tensors,
    weights: inMemory(tensors, name),
    golden: await goldenTensors(`${name}/golden.safetensors`),
  };
}

/** f(x) and J(x)ᵀv in the float64 evaluator, or by ONNX Runtime where an engine is given. */
export async function outputAndVjp(
  f: (x: Tensor) => Tensor,
  x: Tensor,
  v: Tensor,
  engine?: Engine,
): Promise<{ y: ArrayLike<number>; g: ArrayLike<number> }> {
  const place = input(x.shape);
  const y = f(place);
  const [g] = vjp([y], [place], [v]);
  const [{ data }] = evaluate([x]);
  if (!engine) {
    const values = evaluate([y, g], new Map([[place, data]]));
    return { y: values[0].data, g: values[1].data };
  }
  const program = await engine.compile({ inputs: { x: place }, outputs: { y, g } });
  const results = await program.run({ x: Float32Array.from(data) });
  await program.dispose();
  return { y: results.y as Float32Array, g: results.g as Float32Array };
}
