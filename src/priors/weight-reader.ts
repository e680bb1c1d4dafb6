import { TweedieError } from "../errors.ts";
import { groupNorm, layerNorm, type Shape, sameShape, show, type Tensor } from "../tensor/index.ts";
import { type StoredTensor, weight } from "./safetensors.ts";

export type Layer = (x: Tensor) => Tensor;

export interface ConvLayer {
  readonly bias?: boolean;
  readonly stride?: number;
  /** Half the kernel by default, which keeps the size; `[top, left, bottom, right]`. */
  readonly pads?: readonly [number, number, number, number];
}

/** Makes layers of named tensors (PyTorch's names and layouts) and sees to it that each tensor fits and is used. */
export class WeightReader {
  readonly #tensors: ReadonlyMap<string, StoredTensor>;
  readonly #source: string;
  readonly #used = new Set<string>();

  /** @param source the file's name, for messages */
  constructor(tensors: ReadonlyMap<string, StoredTensor>, source: string) {
    this.#tensors = tensors;
    this.#source = source;
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  /** @throws invalid-model when there is no tensor of that name and shape */
  take(name: string, shape: Shape): Tensor {
    const stored = this.#tensors.get(name);
    if (!stored || !sameShape(stored.shape, shape))
      throw new TweedieError("invalid-model", {
        what: `${this.#source}, tensor ${name}`,
        expected: `the shape ${show(shape)} that the card's architecture implies`,
        got: stored ? show(stored.shape) : "no such tensor",
      });
    this.#used.add(name);
    return weight(stored);
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

  /** @throws invalid-model when a tensor was not used */
  finish(): void {
    const rest = [...this.#tensors.keys()].filter((name) => !this.#used.has(name));
    if (rest.length > 0)
      throw new TweedieError("invalid-model", {
        what: this.#source,
        expected: "only the tensors that the card's architecture implies",
        got: `also ${rest.slice(0, 3).join(", ")}${rest.length > 3 ? ` and ${rest.length - 3} more` : ""}`,
      });
  }

  #affine(name: string, width: number): [scale: Tensor, bias: Tensor] {
    return [this.take(`${name}.weight`, [width]), this.take(`${name}.bias`, [width])];
  }
}

/** One layer after the other. */
export function chain(layers: readonly Layer[]): Layer {
  return (x) => layers.reduce((y, layer) => layer(y), x);
}
