/**
 * LPIPS v0.1 — Learned Perceptual Image Patch Similarity (Zhang, Isola, Efros, Shechtman, Wang; arXiv 1801.03924).
 *
 *   d(a, b) = Σ_l 1/(H_l W_l) Σ_hw ‖ w_l ⊙ (â_l − b̂_l) ‖²        â_l: features of layer l, unit length in each pixel
 *
 * The backbone is AlexNet or VGG16 as torchvision trained it on ImageNet. Its weights are not part of this package: the
 * user gives them, and nothing is ever put in their place. The heads w_l are.
 */
import type { Engine, Program } from "../engine/index.ts";
import { TweedieError } from "../errors.ts";
import { constant, input, type Tensor } from "../tensor/index.ts";
import { type WeightSource, weight } from "../weights/index.ts";
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
  /** sha256 of the backbone's weights, in hex. */
  readonly weights: string;
  /**
   * Distance of two pictures with samples on [-1, 1]: 0 for equal ones. Grey is repeated in three channels.
   * @throws TweedieError `size-mismatch` for different shapes, and for sides below 31 (AlexNet) or 16 (VGG16) pixels
   */
  distance(a: Planes, b: Planes): Promise<number>;
  dispose(): Promise<void>;
}

/**
 * LPIPS with given backbone weights in torchvision's names (`features.0.weight`, …); which of AlexNet and VGG16 they are, is
 * seen from them.
 * @param hash sha256 of the weights
 * @throws {TweedieError} invalid-model: not these weights; unreadable-file
 */
export async function createLpips(source: WeightSource, engine: Engine, hash: string): Promise<Lpips> {
  const weights = await readBackbone(source);
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
    weights: hash,
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

interface LpipsWeights {
  readonly net: "alex" | "vgg";
  /** Weight and bias of each convolution, by its number in `features`. */
  readonly convolutions: ReadonlyMap<number, readonly [weight: Tensor, bias: Tensor]>;
}

/** @throws {TweedieError} invalid-model: names what is missing */
async function readBackbone(source: WeightSource): Promise<LpipsWeights> {
  const first = source.entry("features.0.weight")?.shape.join("x");
  const net = first === "64x3x11x11" ? "alex" : first === "64x3x3x3" && source.entry("features.28.weight") ? "vgg" : "";
  if (net === "")
    throw new TweedieError("invalid-model", {
      what: source.name,
      expected: "torchvision's AlexNet or VGG16 (features.0.weight, …)",
      got: first
        ? `features.0.weight of shape ${first}`
        : `${[...source.names()].length} tensors without features.0.weight`,
      hint: "docs/bench.md says how to save them as safetensors",
    });
  const convolutions = new Map<number, readonly [Tensor, Tensor]>();
  let from = 3;
  for (const layer of backbones[net].flat()) {
    if ("pool" in layer) continue;
    const { conv, to, size } = layer;
    const read = async (part: string, shape: readonly number[]): Promise<Tensor> => {
      const name = `features.${conv}.${part}`;
      const entry = source.entry(name);
      if (entry?.shape.join() === shape.join()) return weight(await source.read(name));
      throw new TweedieError("invalid-model", {
        what: `${source.name}, ${name}`,
        expected: `shape ${shape.join("x")}`,
        got: entry ? entry.shape.join("x") : "nothing",
      });
    };
    convolutions.set(conv, [await read("weight", [to, from, size, size]), await read("bias", [to])]);
    from = to;
  }
  return { net, convolutions };
}

/** The distance as a graph, for pictures [N, 3, H, W] on [-1, 1]: [N]. */
function lpipsDistance(a: Tensor, b: Tensor, { net, convolutions }: LpipsWeights): Tensor {
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
  const bytes = Uint8Array.from(atob(lpipsHeads[net]), (c) => c.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const values = Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
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
