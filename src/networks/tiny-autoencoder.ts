import * as z from "zod";
import { type Autoencoder, checkLatent, checkPicture, rescaledPictures } from "./autoencoder.ts";
import { channels } from "./fields.ts";
import { chain, type Layer, type WeightReader } from "./weight-reader.ts";

export const tinyAutoencoderSchema = z.strictObject({
  type: z.literal("tiny-autoencoder"),
  channels,
  /** 4 for Stable Diffusion 1 and XL, 16 for 3 and FLUX, 32 for FLUX.2. */
  latents: channels,
  /** Channels of every hidden layer. */
  width: channels,
  /** Blocks of the lowest level see a wider neighbourhood through a normalised detour (TAEF2). */
  pool: z.boolean(),
});

export type TinyAutoencoder = z.infer<typeof tinyAutoencoderSchema>;

/**
 * The layers of one half, in order: `c`, `o` and `n` 3×3 convolutions (in, out, between), `d` with stride 2, `u` doubling,
 * `b` block, `B` block with detour.
 */
const ENCODER = "c b d bbb d bbb d BBB o";
const DECODER = "t c r BBB u n bbb u n bbb u n b o";

/**
 * TAESD and its kin (Ollin Boer Bohan, "Tiny AutoEncoder"): a deterministic encoder and decoder of eight-fold reduction, made to
 * stand in for the autoencoders of Stable Diffusion and FLUX. Their pictures are on [0, 1]; tensors carry the names of two
 * torch `Sequential`s, `encoder.N…` and `decoder.N…`.
 * @throws {TweedieError} invalid-model: a tensor is missing or shaped otherwise than the architecture says
 */
export function tinyAutoencoder(weights: WeightReader, config: TinyAutoencoder): Autoencoder {
  const { channels, latents, width, pool } = config;
  const read = (half: string, plan: string, from: number, to: number): Layer =>
    chain(
      [...plan.replaceAll(" ", "")].map((code, k): Layer => {
        const name = `${half}.${k}`;
        switch (code) {
          case "c": // into the hidden layers
            return weights.conv(name, from, width, 3);
          case "o": // and out of them
            return weights.conv(name, width, to, 3);
          case "d":
            return weights.conv(name, width, width, 3, { stride: 2, bias: false });
          case "n":
            return weights.conv(name, width, width, 3, { bias: false });
          case "u":
            return (x) => x.resize({ size: [2 * x.shape[2], 2 * x.shape[3]] });
          case "t": // keeps latents that a sampler let run away within reach
            return (x) => x.div(3).tanh().mul(3);
          case "r":
            return (x) => x.relu();
          default:
            return block(weights, name, width, code === "B" && pool);
        }
      }),
    );
  const encoder = read("encoder", ENCODER, channels, latents);
  const decoder = read("decoder", DECODER, latents, channels);
  const grid = { channels, latents, factor: 8 };
  const own: Autoencoder = {
    kind: "deterministic",
    ...grid,
    encode(x) {
      checkPicture(grid, x);
      return { mean: encoder(x) };
    },
    decode(z) {
      checkLatent(grid, z);
      return decoder(z);
    },
  };
  return rescaledPictures(own, [0, 1]);
}

/** relu(conv(relu(conv(relu(conv x)))) + x); with a detour, x is first given pool.3(relu(norm(pool.0 x))). */
function block(weights: WeightReader, name: string, width: number, detour: boolean): Layer {
  const convs = [0, 2, 4].map((k) => weights.conv(`${name}.conv.${k}`, width, width, 3));
  const pool = detour ? readDetour(weights, `${name}.pool`, width) : undefined;
  return (x) => {
    const input = pool ? x.add(pool(x)) : x;
    return convs[2](convs[1](convs[0](input).relu()).relu())
      .add(input)
      .relu();
  };
}

function readDetour(weights: WeightReader, name: string, width: number): Layer {
  const wide = 4 * width;
  const first = weights.conv(`${name}.0`, width, wide, 1, { bias: false });
  const norm = weights.groupNorm(`${name}.1`, wide, 4);
  const last = weights.conv(`${name}.3`, wide, width, 1, { bias: false });
  return (x) => last(norm(first(x)).relu());
}
