/**
 * LPIPS v0.1 — Learned Perceptual Image Patch Similarity (Zhang, Isola, Efros, Shechtman, Wang; arXiv 1801.03924).
 *
 *   d(a, b) = Σ_l 1/(H_l W_l) Σ_hw ‖ w_l ⊙ (â_l − b̂_l) ‖²        â_l: features of layer l, unit length in each pixel
 *
 * The backbone is AlexNet or VGG16 as torchvision trained it on ImageNet. Its weights are not part of this package: they
 * are read from a file of the user's, and nothing is ever put in their place. The heads w_l are.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Engine, Program } from "../engine/index.ts";
import { TweedieError } from "../errors.ts";
import { readSafetensors } from "../priors/safetensors.ts";
import { constant, input, type Tensor, toFloat64 } from "../tensor/index.ts";
import { lpipsHeads } from "./lpips-heads.ts";
import type { Planes } from "./ssim.ts";

/** A convolution with ReLU by its number in torchvision's `features`, or a 3-wide max-pooling ("pool3") or 2-wide. */
type Layer =
  | {
      readonly conv: number;
      readonly to: number;
      readonly size: number;
      readonly stride?: number;
      readonly pad: number;
    }
  | { readonly pool: 2 | 3 };

/** Layers up to each place where features are compared. */
type Backbone = readonly (readonly Layer[])[];

const conv3 = (conv: number, to: number): Layer => ({ conv, to, size: 3, pad: 1 });

const backbones: Readonly<Record<keyof typeof lpipsHeads, Backbone>> = {
  alex: [
    [{ conv: 0, to: 64, size: 11, stride: 4, pad: 2 }],
    [{ pool: 3 }, { conv: 3, to: 192, size: 5, pad: 2 }],
    [{ pool: 3 }, conv3(6, 384)],
    [conv3(8, 256)],
    [conv3(10, 256)],
  ],
  vgg: [
    [conv3(0, 64), conv3(2, 64)],
    [{ pool: 2 }, conv3(5, 128), conv3(7, 128)],
    [{ pool: 2 }, conv3(10, 256), conv3(12, 256), conv3(14, 256)],
    [{ pool: 2 }, conv3(17, 512), conv3(19, 512), conv3(21, 512)],
    [{ pool: 2 }, conv3(24, 512), conv3(26, 512), conv3(28, 512)],
  ],
};

/** Shortest side that leaves a pixel in the last layer. */
const smallest = { alex: 31, vgg: 16 } as const;

/** ImageNet's channel means and deviations on the [-1, 1] scale, as the authors' scaling layer has them. */
const shift = [-0.03, -0.088, -0.188];
const scale = [0.458, 0.448, 0.45];

export interface Lpips {
  readonly net: "alex" | "vgg";
  /** sha256 of the weights file, in hex. */
  readonly weights: string;
  /**
   * Distance of two pictures with samples on [-1, 1]: 0 for equal ones. Grey is repeated in three channels.
   * @throws TweedieError `size-mismatch` for different shapes, and for sides below 31 (AlexNet) or 16 (VGG16) pixels
   */
  distance(a: Planes, b: Planes): Promise<number>;
  dispose(): Promise<void>;
}

/**
 * LPIPS with the backbone weights of a safetensors file that has torchvision's names (`features.0.weight`, …); which of
 * AlexNet and VGG16 it is, is seen from them.
 * @throws TweedieError `missing-file`, `invalid-model` for a file without these weights
 */
export async function loadLpips(path: string, engine: Engine): Promise<Lpips> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    const expected = "backbone weights (safetensors)";
    throw new TweedieError("missing-file", { what: path, expected, got: "no such file", cause });
  });
  const weights = readBackbone(bytes, path);
  let current: { readonly size: string; readonly program: Promise<Program> } | undefined;
  const programFor = async ({ width, height }: Planes): Promise<Program> => {
    const size = `${width}x${height}`;
    if (current?.size !== size) {
      await current?.program.then((p) => p.dispose());
      const [a, b] = [input([1, 3, height, width]), input([1, 3, height, width])];
      current = { size, program: engine.compile({ inputs: { a, b }, outputs: { d: lpipsDistance(a, b, weights) } }) };
    }
    return current.program;
  };
  return {
    net: weights.net,
    weights: createHash("sha256").update(bytes).digest("hex"),
    async distance(a, b) {
      checkPictures(a, b, weights.net);
      const program = await programFor(a);
      return (await program.run({ a: threePlanes(a), b: threePlanes(b) })).d[0];
    },
    async dispose() {
      await current?.program.then((p) => p.dispose());
      current = undefined;
    },
  };
}

export interface LpipsWeights {
  readonly net: "alex" | "vgg";
  /** Weight and bias of each convolution, by its number in `features`. */
  readonly convolutions: ReadonlyMap<number, readonly [weight: Tensor, bias: Tensor]>;
}

/** The backbone's weights in a safetensors file. @throws TweedieError `invalid-model` that names what is missing */
export function readBackbone(bytes: Uint8Array, source: string): LpipsWeights {
  const { tensors } = readSafetensors(bytes, source);
  const first = tensors.get("features.0.weight")?.shape.join("x");
  const net = first === "64x3x11x11" ? "alex" : first === "64x3x3x3" && tensors.has("features.28.weight") ? "vgg" : "";
  if (net === "")
    throw new TweedieError("invalid-model", {
      what: source,
      expected: "torchvision's AlexNet or VGG16 (features.0.weight, …)",
      got: first ? `features.0.weight of shape ${first}` : `${tensors.size} tensors without features.0.weight`,
      hint: "docs/bench.md says how to save them as safetensors",
    });
  const convolutions = new Map<number, readonly [Tensor, Tensor]>();
  let from = 3;
  for (const layer of backbones[net].flat()) {
    if ("pool" in layer) continue;
    const { conv, to, size } = layer;
    const read = (name: string, shape: readonly number[]): Tensor => {
      const stored = tensors.get(`features.${conv}.${name}`);
      if (stored?.shape.join() === shape.join())
        return constant(Float32Array.from(toFloat64(stored.data, stored.dtype)), shape);
      throw new TweedieError("invalid-model", {
        what: `${source}, features.${conv}.${name}`,
        expected: `shape ${shape.join("x")}`,
        got: stored ? stored.shape.join("x") : "nothing",
      });
    };
    convolutions.set(conv, [read("weight", [to, from, size, size]), read("bias", [to])]);
    from = to;
  }
  return { net, convolutions };
}

/** The distance as a graph, for pictures [N, 3, H, W] on [-1, 1]: [N]. */
export function lpipsDistance(a: Tensor, b: Tensor, { net, convolutions }: LpipsWeights): Tensor {
  const channels = (values: readonly number[]) => constant([...values], [1, 3, 1, 1]);
  const scaled = (x: Tensor) => x.sub(channels(shift)).div(channels(scale));
  let [x, y] = [scaled(a), scaled(b)];
  const heads = decodeHeads(net);
  let total: Tensor | undefined;
  for (const [l, layers] of backbones[net].entries()) {
    for (const layer of layers) {
      const forward = (t: Tensor): Tensor => {
        if ("pool" in layer) return t.maxPool({ kernel: layer.pool, stride: 2 });
        const [weight, bias] = convolutions.get(layer.conv) as readonly [Tensor, Tensor];
        return t.conv(weight, { bias, stride: layer.stride ?? 1, pads: layer.pad }).relu();
      };
      [x, y] = [forward(x), forward(y)];
    }
    const difference = unitLength(x).sub(unitLength(y)).square();
    const head = constant(heads[l], [1, heads[l].length, 1, 1]);
    const distance = difference.mul(head).sum([1]).mean([1, 2]);
    total = total ? total.add(distance) : distance;
  }
  return total as Tensor;
}

/** The features of each pixel divided by their length, as in the official code: 1e-10 is added to the length. */
function unitLength(x: Tensor): Tensor {
  return x.div(x.square().sum([1], true).sqrt().add(1e-10));
}

function decodeHeads(net: "alex" | "vgg"): Float32Array[] {
  const bytes = Buffer.from(lpipsHeads[net], "base64");
  const values = Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
  let at = 0;
  return backbones[net].map((layers) => {
    const last = layers[layers.length - 1] as { to: number };
    at += last.to;
    return values.slice(at - last.to, at);
  });
}

function checkPictures(a: Planes, b: Planes, net: "alex" | "vgg"): void {
  const shape = (p: Planes): string => `${p.width}x${p.height}x${p.channels}`;
  const fits = (p: Planes): boolean =>
    (p.channels === 1 || p.channels === 3) && p.data.length === p.width * p.height * p.channels;
  if (shape(a) !== shape(b) || !fits(a) || !fits(b)) {
    const expected = "two complete pictures of one size, grey or colour";
    throw new TweedieError("size-mismatch", { what: "LPIPS", expected, got: `${shape(a)} and ${shape(b)}` });
  }
  const least = smallest[net];
  if (Math.min(a.width, a.height) >= least) return;
  const expected = `at least ${least}x${least} pixels`;
  throw new TweedieError("size-mismatch", { what: "LPIPS", expected, got: `${a.width}x${a.height}` });
}

function threePlanes({ width, height, channels, data }: Planes): Float32Array {
  const n = width * height;
  return Float32Array.from({ length: 3 * n }, (_, i) => data[channels === 3 ? i : i % n]);
}
