import { TweedieError } from "../errors.ts";
import { groupNorm, input, layerNorm, type Shape, sameShape, show, type Tensor } from "../tensor/index.ts";
import { type WeightSource, weight } from "../weights/index.ts";

export type Layer = (x: Tensor) => Tensor;

export interface ConvLayer {
  readonly bias?: boolean;
  readonly stride?: number;
  /** Half the kernel by default, which keeps the size; `[top, left, bottom, right]`. */
  readonly pads?: readonly [number, number, number, number];
}

export interface ReadOptions {
  /** Tensors of the source that belong to no layer. */
  readonly besides?: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * Builds a network of the tensors of a source. `build` runs twice: on placeholders, to see which tensors it takes, and, when
 * these have been read, on their values.
 * @throws {TweedieError} invalid-model: a tensor is missing, left over or of another shape; unreadable-file; aborted
 */
export async function readNetwork<N>(
  source: WeightSource,
  build: (weights: WeightReader) => N,
  { besides = [], signal }: ReadOptions = {},
): Promise<N> {
  const values = new Map<string, Tensor>();
  build(new WeightReader(source, (name, shape) => values.set(name, input(shape)).get(name)!));
  const rest = [...source.names()].filter((name) => !values.has(name) && !besides.includes(name));
  if (rest.length > 0)
    throw new TweedieError("invalid-model", {
      what: source.name,
      expected: "only the tensors that the card's architecture implies",
      got: `also ${rest.slice(0, 3).join(", ")}${rest.length > 3 ? ` and ${rest.length - 3} more` : ""}`,
    });
  for (const name of values.keys()) values.set(name, weight(await source.read(name, signal)));
  return build(new WeightReader(source, (name) => values.get(name)!));
}

/** Makes layers of named tensors (PyTorch's names and layouts) and sees to it that each tensor fits. */
export class WeightReader {
  readonly #source: WeightSource;
  readonly #value: (name: string, shape: Shape) => Tensor;

  /** @param value gives the tensor of a name; the name and the shape are those of an entry of the source */
  constructor(source: WeightSource, value: (name: string, shape: Shape) => Tensor) {
    this.#source = source;
    this.#value = value;
  }

  has(name: string): boolean {
    return this.#source.entry(name) !== undefined;
  }

  /** @throws {TweedieError} invalid-model: there is no tensor of that name and shape */
  take(name: string, shape: Shape): Tensor {
    const entry = this.#source.entry(name);
    if (entry && sameShape(entry.shape, shape)) return this.#value(name, shape);
    throw new TweedieError("invalid-model", {
      what: `${this.#source.name}, tensor ${name}`,
      expected: `the shape ${show(shape)} that the card's architecture implies`,
      got: entry ? show(entry.shape) : "no such tensor",
    });
  }

  /** x Wᵀ + b over the last axis. */
  linear(name: string, from: number, to: number, { bias: biased = true } = {}): Layer {
    const w = this.take(`${name}.weight`, [to, from]).transpose();
    const bias = biased ? this.take(`${name}.bias`, [to]) : undefined;
    return (x) => (bias ? x.matmul(w).add(bias) : x.matmul(w));
  }

  conv(name: string, from: number, to: number, size: 1 | 3, options: ConvLayer = {}): Layer {
    const { bias: biased = true, stride = 1, pads = (size - 1) / 2 } = options;
    const w = this.take(`${name}.weight`, [to, from, size, size]);
    const bias = biased ? this.take(`${name}.bias`, [to]) : undefined;
    return (x) => x.conv(w, { bias, pads, stride });
  }

  groupNorm(name: string, channels: number, groups: number, eps = 1e-5): Layer {
    const [scale, bias] = this.#affine(name, channels);
    return (x) => groupNorm(x, groups, { scale, bias, eps });
  }

  /** Over the last axis. */
  layerNorm(name: string, width: number, eps = 1e-5): Layer {
    const [scale, bias] = this.#affine(name, width);
    return (x) => layerNorm(x, { scale, bias, eps });
  }

  /** x + conv2(relu(conv1(x))), `count` times: the residual blocks of the embedded networks. */
  reluBlocks(name: string, width: number, count: number): Layer {
    const list = Array.from({ length: count }, (_, i): Layer => {
      const first = this.conv(`${name}.${i}.conv1`, width, width, 3);
      const second = this.conv(`${name}.${i}.conv2`, width, width, 3);
      return (x) => x.add(second(first(x).relu()));
    });
    return chain(list);
  }

  #affine(name: string, width: number): [scale: Tensor, bias: Tensor] {
    return [this.take(`${name}.weight`, [width]), this.take(`${name}.bias`, [width])];
  }
}

/** One layer after the other. */
export function chain(layers: readonly Layer[]): Layer {
  return (x) => layers.reduce((y, layer) => layer(y), x);
}
