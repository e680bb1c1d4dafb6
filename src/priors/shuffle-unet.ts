import type { Network } from "../diffusion/index.ts";
import { TweedieError } from "../errors.ts";
import { concat, type Shape, sameShape, show, type Tensor } from "../tensor/index.ts";
import type { ShuffleUnet } from "./card.ts";
import { type StoredTensor, weight } from "./safetensors.ts";

/**
 * The network of a `shuffle-unet` card: a U-Net of convolution + ReLU residual blocks, without normalisation, on the picture
 * un-shuffled into space blocks; the noise level enters as constant channels of the first convolution.
 * Tensors carry PyTorch's names and layouts.
 * @throws invalid-model when a tensor is missing, left over or shaped otherwise than the card says
 */
export function shuffleUnet(
  architecture: ShuffleUnet,
  tensors: ReadonlyMap<string, StoredTensor>,
  source: string,
): Network {
  const { channels, shuffle, widths, blocks, embedding } = architecture;
  if (widths.length !== blocks.length)
    throw new TweedieError("invalid-model", {
      what: `${source}, architecture`,
      expected: "as many widths as block counts",
      got: `${widths.length} and ${blocks.length}`,
    });
  const weights = new WeightReader(tensors, source);
  const [hidden, embedded] = embedding;
  const deep = channels * shuffle ** 2;
  const embed1 = weights.linear("emb1", 1, hidden);
  const embed2 = weights.linear("emb2", hidden, embedded);
  const stem = weights.conv("stem", deep + embedded, widths[0], 3);
  const levels = widths.slice(0, -1).map((width, k) => ({
    encode: weights.blocks(`enc${k}`, width, blocks[k]),
    down: weights.conv(`down${k}`, 4 * width, widths[k + 1], 1),
    up: weights.conv(`up${k}`, widths[k + 1], 4 * width, 1),
    decode: weights.blocks(`dec${k}`, width, blocks[k]),
  }));
  const middle = weights.blocks("mid", widths[widths.length - 1], blocks[blocks.length - 1]);
  const head = weights.conv("head", widths[0], deep, 3);
  weights.finish();

  return (u, time) => {
    const e = embed2(embed1(time.unsqueeze(1)).silu());
    const picture = u.spaceToDepth(shuffle);
    const [n, , h, w] = picture.shape;
    const level = e.reshape(n, embedded, 1, 1).expand([n, embedded, h, w]);
    let x = stem(concat([picture, level], 1));
    const skips: Tensor[] = [];
    for (const { encode, down } of levels) {
      x = encode(x);
      skips.push(x);
      x = down(x.spaceToDepth(2));
    }
    x = middle(x);
    for (const { up, decode } of levels.toReversed()) x = decode(up(x).depthToSpace(2).add(skips.pop()!));
    return head(x).depthToSpace(shuffle);
  };
}

type Layer = (x: Tensor) => Tensor;

/** Makes layers of named tensors and sees to it that each tensor fits and is used. */
class WeightReader {
  readonly #tensors: ReadonlyMap<string, StoredTensor>;
  readonly #source: string;
  readonly #used = new Set<string>();

  constructor(tensors: ReadonlyMap<string, StoredTensor>, source: string) {
    this.#tensors = tensors;
    this.#source = source;
  }

  #take(name: string, shape: Shape): Tensor {
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

  linear(name: string, from: number, to: number): Layer {
    const w = this.#take(`${name}.weight`, [to, from]).transpose();
    const bias = this.#take(`${name}.bias`, [to]);
    return (x) => x.matmul(w).add(bias);
  }

  /** Same-size convolution: zero padding of half the kernel. */
  conv(name: string, from: number, to: number, size: 1 | 3): Layer {
    const w = this.#take(`${name}.weight`, [to, from, size, size]);
    const bias = this.#take(`${name}.bias`, [to]);
    return (x) => x.conv(w, { bias, pads: (size - 1) / 2 });
  }

  /** x + conv2(relu(conv1(x))), `count` times. */
  blocks(name: string, width: number, count: number): Layer {
    const list = Array.from({ length: count }, (_, i): Layer => {
      const first = this.conv(`${name}.${i}.conv1`, width, width, 3);
      const second = this.conv(`${name}.${i}.conv2`, width, width, 3);
      return (x) => x.add(second(first(x).relu()));
    });
    return (x) => list.reduce((y, block) => block(y), x);
  }

  finish(): void {
    const rest = [...this.#tensors.keys()].filter((name) => !this.#used.has(name));
    if (rest.length > 0)
      throw new TweedieError("invalid-model", {
        what: this.#source,
        expected: "only the tensors that the card's architecture implies",
        got: `also ${rest.slice(0, 3).join(", ")}${rest.length > 3 ? ` and ${rest.length - 3} more` : ""}`,
      });
  }
}
