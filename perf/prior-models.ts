/** Denoisers that `bench:prior` puts side by side: priors of this package or of a card, the first prior, FFDNet. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { loadPrior } from "../src/node/models.ts";
import { networkPrior, parseCard } from "../src/priors/index.ts";
import { concat, type Tensor } from "../src/tensor/index.ts";
import { bytesSource, openSafetensors, weight } from "../src/weights/index.ts";

export interface BenchDenoiser {
  readonly name: string;
  /** E[x0|x] of pictures on [-1, 1]; sigma: [] on the same scale. */
  readonly denoise: (x: Tensor, sigma: Tensor) => Tensor;
  /** Noise levels that it was made for. */
  readonly sigmaRange: readonly [min: number, max: number];
}

const shared = (path: string) => fileURLToPath(new URL(`../../shared/${path}`, import.meta.url));
const firstPrior = shared("models/natural-v0/weights.safetensors");
const ffdnetWeights = shared("data/weights/kair-denoisers/ffdnet_color.safetensors");

/** `v0` and `ffdnet` lie beside the project, undefined where they do not; anything else is what `--model` takes. */
export async function benchDenoiser(name: string): Promise<BenchDenoiser | undefined> {
  if (name === "v0") return existsSync(firstPrior) ? v0(await readFile(firstPrior)) : undefined;
  if (name === "ffdnet") return existsSync(ffdnetWeights) ? ffdnet(await readFile(ffdnetWeights)) : undefined;
  return loadPrior(name);
}

/** The prior that the project started from; its README says what the card says here. */
async function v0(bytes: Uint8Array): Promise<BenchDenoiser> {
  const hash = createHash("sha256").update(bytes).digest("hex");
  const card = parseCard(
    JSON.stringify({
      name: "v0",
      description: "The first prior",
      licence: "research",
      architecture: {
        type: "shuffle-unet",
        channels: 3,
        shuffle: 2,
        widths: [48, 96, 160],
        blocks: [2, 2, 4],
        embedding: [64, 8],
        multiple: 8,
      },
      preconditioning: { type: "edm", sigmaData: 0.5, sigmaMin: 0.003, sigmaMax: 80 },
      image: { channels: 3, range: [-1, 1], colour: "sRGB" },
      weights: {
        file: "weights.safetensors",
        dtype: "float32",
        parameters: 2_850_180,
        bytes: bytes.length,
        sha256: hash,
      },
      data: [],
    }),
    "v0",
  );
  return networkPrior(card, { denoiser: await openSafetensors(bytesSource(bytes, "v0")) }, hash);
}

/** FFDNet for colour pictures (Zhang, Zuo, Zhang 2018), weights of KAIR: twelve convolutions on the picture un-shuffled by 2. */
async function ffdnet(bytes: Uint8Array): Promise<BenchDenoiser> {
  const weights = await openSafetensors(bytesSource(bytes, "ffdnet"));
  const read = async (name: string) => weight(await weights.read(name));
  const convolution = async (i: number) => {
    const [w, b] = [await read(`model.${2 * i}.weight`), await read(`model.${2 * i}.bias`)];
    return (x: Tensor) => x.conv(w, { bias: b, pads: 1 });
  };
  const layers = await Promise.all(Array.from({ length: [...weights.names()].length / 2 }, (_, i) => convolution(i)));
  return {
    name: "ffdnet",
    sigmaRange: [0, 150 / 255],
    denoise(x, sigma) {
      const u = x.add(1).mul(0.5).spaceToDepth(2);
      const [n, , h, w] = u.shape;
      const level = sigma.mul(0.5).reshape(-1, 1, 1, 1).expand([n, 1, h, w]);
      const last = layers.length - 1;
      const y = layers.reduce((v, layer, i) => (i < last ? layer(v).relu() : layer(v)), concat([u, level], 1));
      return y.depthToSpace(2).mul(2).sub(1);
    },
  };
}
