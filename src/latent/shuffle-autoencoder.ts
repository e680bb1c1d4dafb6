import type { StoredTensor } from "../priors/safetensors.ts";
import { type Layer, WeightReader } from "../priors/weight-reader.ts";
import { type Autoencoder, checkLatent, checkPicture, gaussianMoments } from "./autoencoder.ts";

export interface ShuffleLevels {
  /** Channels of each level, the finest first. */
  readonly widths: readonly number[];
  /** Residual blocks of each level. */
  readonly blocks: readonly number[];
}

export interface ShuffleAutoencoder {
  readonly type: "shuffle-autoencoder";
  readonly channels: number;
  readonly latents: number;
  /** The picture is un-shuffled by this factor before the first convolution. */
  readonly shuffle: number;
  readonly encoder: ShuffleLevels;
  readonly decoder: ShuffleLevels;
  /** Pixels of a side of one latent: shuffle·2^(levels - 1). */
  readonly factor: number;
}

/**
 * The autoencoder of a `shuffle-autoencoder` card: convolution + ReLU residual blocks without normalisation on the picture
 * un-shuffled into space blocks, KL-regularised. It is the pixel prior's network cut at its waist.
 * @throws invalid-model when a tensor is missing, left over or shaped otherwise than the card says
 */
export function shuffleAutoencoder(
  architecture: ShuffleAutoencoder,
  tensors: ReadonlyMap<string, StoredTensor>,
  source: string,
): Autoencoder {
  const { channels, latents, factor } = architecture;
  const weights = new WeightReader(tensors, source);
  const encoder = readEncoder(architecture, weights);
  const decoder = readDecoder(architecture, weights);
  weights.finish();
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
