import type { Network } from "../diffusion/index.ts";
import { TweedieError } from "../errors.ts";
import { concat, type Tensor } from "../tensor/index.ts";
import type { ShuffleUnet } from "./card.ts";
import { detailPath } from "./detail-path.ts";
import type { StoredTensor } from "./safetensors.ts";
import { WeightReader } from "./weight-reader.ts";

/**
 * The network of a `shuffle-unet` card: a U-Net of convolution + ReLU residual blocks, without normalisation, on the picture
 * un-shuffled into space blocks; the noise level enters as constant channels of the first convolution. With `detail`, a second
 * path ({@link detailPath}) answers where the noise is weak or moderate.
 * Tensors carry PyTorch's names and layouts.
 * @throws invalid-model when a tensor is missing, left over or shaped otherwise than the card says
 */
export function shuffleUnet(
  architecture: ShuffleUnet,
  tensors: ReadonlyMap<string, StoredTensor>,
  source: string,
): Network {
  const { channels, shuffle, widths, blocks, embedding, detail } = architecture;
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
    encode: weights.reluBlocks(`enc${k}`, width, blocks[k]),
    down: weights.conv(`down${k}`, 4 * width, widths[k + 1], 1),
    up: weights.conv(`up${k}`, widths[k + 1], 4 * width, 1),
    decode: weights.reluBlocks(`dec${k}`, width, blocks[k]),
  }));
  const middle = weights.reluBlocks("mid", widths[widths.length - 1], blocks[blocks.length - 1]);
  const head = weights.conv("head", widths[0], deep, 3);
  const refine = detail && detailPath(weights, detail, deep, widths[0]);
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
    const out = head(x);
    return (refine ? refine(picture, time, x, out) : out).depthToSpace(shuffle);
  };
}
