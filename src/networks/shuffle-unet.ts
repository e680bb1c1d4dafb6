import * as z from "zod";
import { concat, type Tensor } from "../tensor/index.ts";
import { detailPath, detailSchema } from "./detail-path.ts";
import { blocks, channels, count, multiple, widths } from "./fields.ts";
import type { WeightReader } from "./weight-reader.ts";

export const shuffleUnetSchema = z
  .strictObject({
    type: z.literal("shuffle-unet"),
    channels,
    /** The picture is un-shuffled by this factor before the first convolution. */
    shuffle: count,
    widths,
    /** Residual blocks of each level, on the way down and again on the way up. */
    blocks,
    /** Hidden and final numbers of the noise embedding. */
    embedding: z.tuple([channels, channels]),
    detail: detailSchema.optional(),
    multiple,
  })
  .refine((a) => a.widths.length === a.blocks.length, "expected as many widths as block counts")
  .refine((a) => a.multiple % (a.shuffle * 2 ** (a.widths.length - 1)) === 0, {
    path: ["multiple"],
    error: "expected a multiple of shuffle·2^(levels - 1)",
  });

export type ShuffleUnet = z.infer<typeof shuffleUnetSchema>;

/**
 * A U-Net of convolution + ReLU residual blocks, without normalisation, on the picture un-shuffled into space blocks; the
 * noise level enters as constant channels of the first convolution. With `detail`, a second path ({@link detailPath})
 * answers where the noise is weak or moderate. Tensors carry PyTorch's names and layouts.
 * @returns F(u [N, channels, H, W], time [N]), H and W multiples of `multiple`
 * @throws {TweedieError} invalid-model: a tensor is missing or shaped otherwise than the architecture says
 */
export function shuffleUnet(weights: WeightReader, config: ShuffleUnet): (u: Tensor, time: Tensor) => Tensor {
  const { channels, shuffle, widths, blocks, embedding, detail } = config;
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
