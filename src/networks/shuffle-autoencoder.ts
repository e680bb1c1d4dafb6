import * as z from "zod";
import { type Autoencoder, checkLatent, checkPicture, gaussianMoments } from "./autoencoder.ts";
import { blocks, channels, count, widths } from "./fields.ts";
import type { Layer, WeightReader } from "./weight-reader.ts";

const levels = z
  .strictObject({ widths, blocks })
  .refine((a) => a.widths.length === a.blocks.length, "expected as many widths as block counts");

export const shuffleAutoencoderSchema = z
  .strictObject({
    type: z.literal("shuffle-autoencoder"),
    channels,
    latents: channels,
    /** The picture is un-shuffled by this factor before the first convolution. */
    shuffle: count,
    encoder: levels,
    decoder: levels,
    /** Pixels of a side of one latent: shuffle·2^(levels - 1). */
    factor: count.max(4096),
  })
  .refine((a) => [a.encoder, a.decoder].every((half) => a.factor === a.shuffle * 2 ** (half.widths.length - 1)), {
    path: ["factor"],
    error: "expected shuffle·2^(levels - 1) of encoder and decoder",
  });

export type ShuffleAutoencoder = z.infer<typeof shuffleAutoencoderSchema>;

/**
 * The autoencoder of a `shuffle-autoencoder` card: convolution + ReLU residual blocks without normalisation on the picture
 * un-shuffled into space blocks, KL-regularised. It is the pixel prior's network cut at its waist.
 * @throws invalid-model when a tensor is missing, left over or shaped otherwise than the card says
 */
export function shuffleAutoencoder(weights: WeightReader, config: ShuffleAutoencoder): Autoencoder {
  const { channels, latents, factor } = config;
  const encoder = readEncoder(config, weights);
  const decoder = readDecoder(config, weights);
  const grid = { channels, latents, factor };
  return {
    kind: "kl",
    ...grid,
    encode(x) {
      checkPicture(grid, x);
      return gaussianMoments(encoder(x), latents);
    },
    decode(z) {
      checkLatent(grid, z);
      return decoder(z);
    },
  };
}

function readEncoder({ channels, latents, shuffle, encoder }: ShuffleAutoencoder, weights: WeightReader): Layer {
  const { widths, blocks } = encoder;
  const stem = weights.conv("encoder.stem", channels * shuffle ** 2, widths[0], 3);
  const levels = widths.map((width, k) => ({
    down: k > 0 ? weights.conv(`encoder.down${k}`, 4 * widths[k - 1], width, 1) : undefined,
    body: weights.reluBlocks(`encoder.level${k}`, width, blocks[k]),
  }));
  const head = weights.conv("encoder.head", widths[widths.length - 1], 2 * latents, 3);
  return (x) => {
    const h = levels.reduce(
      (y, { down, body }) => body(down ? down(y.spaceToDepth(2)) : y),
      stem(x.spaceToDepth(shuffle)),
    );
    return head(h);
  };
}

function readDecoder({ channels, latents, shuffle, decoder }: ShuffleAutoencoder, weights: WeightReader): Layer {
  const { widths, blocks } = decoder;
  const stem = weights.conv("decoder.stem", latents, widths[widths.length - 1], 3);
  const levels = widths.map((width, k) => ({
    body: weights.reluBlocks(`decoder.level${k}`, width, blocks[k]),
    up: k > 0 ? weights.conv(`decoder.up${k}`, width, 4 * widths[k - 1], 1) : undefined,
  }));
  const head = weights.conv("decoder.head", widths[0], channels * shuffle ** 2, 3);
  return (z) => {
    const h = levels.reduceRight((y, { body, up }) => (up ? up(body(y)).depthToSpace(2) : body(y)), stem(z));
    return head(h).depthToSpace(shuffle);
  };
}
