import type { Denoiser } from "../src/diffusion/index.ts";
import { attention, concat, constant, groupNorm, type Tensor } from "../src/tensor/index.ts";

/** Weights by name, PyTorch's names and layouts. */
export type Weights = ReadonlyMap<string, { readonly data: Float32Array; readonly shape: readonly number[] }>;

/** Reads a weight; its shape comes from the file. */
const reader = (weights: Weights) => (name: string) => {
  const found = weights.get(name);
  if (!found) throw new Error(`no weight ${name}`);
  return constant(found.data, found.shape);
};

/** Wraps a network F as Karras et al. (arXiv 2206.00364, section 5) do, with sigma_data = 0.5. */
function edm(f: (u: Tensor, noise: Tensor) => Tensor) {
  return (x: Tensor, sigma: Tensor): Tensor => {
    const total = sigma.square().add(0.25).sqrt();
    const u = x.div(total);
    return x.mul(total.square().reciprocal().mul(0.25)).add(f(u, sigma.log().mul(0.25)).mul(sigma.mul(0.5).div(total)));
  };
}

const levels = [64, 128, 128];
const embedding = 256;

interface Layer {
  readonly name: string;
  readonly shape: readonly number[];
}

/** The UNet's weights by name and shape, in the order of their random numbers. */
export function unetLayers(): Layer[] {
  const layers: Layer[] = [];
  const conv = (name: string, o: number, c: number, k: number) =>
    layers.push({ name: `${name}.weight`, shape: [o, c, k, k] }, { name: `${name}.bias`, shape: [o] });
  const linear = (name: string, o: number, c: number) =>
    layers.push({ name: `${name}.weight`, shape: [o, c] }, { name: `${name}.bias`, shape: [o] });
  const norm = (name: string, c: number) =>
    layers.push({ name: `${name}.weight`, shape: [c] }, { name: `${name}.bias`, shape: [c] });
  const block = (name: string, c: number, o: number) => {
    norm(`${name}.norm1`, c);
    conv(`${name}.conv1`, o, c, 3);
    linear(`${name}.emb`, o, embedding);
    norm(`${name}.norm2`, o);
    conv(`${name}.conv2`, o, o, 3);
    if (c !== o) conv(`${name}.skip`, o, c, 1);
  };
  linear("emb1", embedding, levels[0]);
  linear("emb2", embedding, embedding);
  conv("stem", levels[0], 3, 3);
  for (const step of unetPlan()) {
    if (step.kind === "block") block(step.name, step.from, step.to);
    else if (step.kind === "attention") {
      norm(`${step.name}.norm`, step.to);
      conv(`${step.name}.qkv`, 3 * step.to, step.to, 1);
      conv(`${step.name}.out`, step.to, step.to, 1);
    } else conv(step.name, step.to, step.to, 3);
  }
  norm("last", levels[0]);
  conv("head", 3, levels[0], 3);
  return layers;
}

type Step =
  | {
      readonly kind: "block";
      readonly name: string;
      readonly from: number;
      readonly to: number;
      readonly skip?: "push" | "pop";
    }
  | { readonly kind: "attention"; readonly name: string; readonly to: number }
  | { readonly kind: "down" | "up"; readonly name: string; readonly to: number };

/** The layers in order; blocks that push their result onto the skip stack and blocks that pop from it. */
function unetPlan(): Step[] {
  const plan: Step[] = [];
  const skips = [levels[0]];
  let at = levels[0];
  levels.forEach((to, l) => {
    for (const k of [0, 1]) {
      plan.push({ kind: "block", name: `down${l}.${k}`, from: at, to, skip: "push" });
      at = to;
      skips.push(at);
    }
    if (l < levels.length - 1) {
      plan.push({ kind: "down", name: `down${l}.sample`, to: at });
      skips.push(at);
    }
  });
  plan.push({ kind: "block", name: "mid0", from: at, to: at });
  plan.push({ kind: "attention", name: "mid1", to: at });
  plan.push({ kind: "block", name: "mid2", from: at, to: at });
  for (let l = levels.length - 1; l >= 0; l--) {
    for (const k of [0, 1, 2]) {
      plan.push({ kind: "block", name: `up${l}.${k}`, from: at + (skips.pop() as number), to: levels[l], skip: "pop" });
      at = levels[l];
    }
    if (l > 0) plan.push({ kind: "up", name: `up${l}.sample`, to: at });
  }
  return plan;
}

/** A DDPM-like UNet: 64 channels ×1, 2, 2, two residual blocks a level, GroupNorm(32), SiLU, attention in the middle. */
export function unet(weights: Weights): Denoiser {
  const w = reader(weights);
  const conv = (x: Tensor, name: string, stride = 1) => {
    const weight = w(`${name}.weight`);
    return x.conv(weight, { bias: w(`${name}.bias`), pads: (weight.shape[2] - 1) / 2, stride });
  };
  const linear = (x: Tensor, name: string) => x.matmul(w(`${name}.weight`).transpose()).add(w(`${name}.bias`));
  const norm = (x: Tensor, name: string) =>
    groupNorm(x, 32, { scale: w(`${name}.weight`), bias: w(`${name}.bias`), eps: 1e-6 });
  const block = (x: Tensor, e: Tensor, name: string, same: boolean) => {
    const h = conv(norm(x, `${name}.norm1`).silu(), `${name}.conv1`);
    const shift = linear(e.silu(), `${name}.emb`);
    const shifted = h.add(shift.reshape(1, h.shape[1], 1, 1));
    return conv(norm(shifted, `${name}.norm2`).silu(), `${name}.conv2`).add(same ? x : conv(x, `${name}.skip`));
  };
  const attend = (x: Tensor, name: string) => {
    const [n, c, h, width] = x.shape;
    const tokens = conv(norm(x, `${name}.norm`), `${name}.qkv`)
      .reshape(n, 3, c, h * width)
      .transpose([0, 1, 3, 2]);
    const [q, k, v] = tokens.split([1, 1, 1], 1).map((t) => t.reshape(n, h * width, c));
    return x.add(conv(attention(q, k, v).transpose([0, 2, 1]).reshape(n, c, h, width), `${name}.out`));
  };
  const frequencies = Float32Array.from({ length: levels[0] / 2 }, (_, i) => 1000 * 1e-4 ** (i / (levels[0] / 2)));
  return edm((u, noise) => {
    const angles = noise.reshape(1, 1).mul(constant(frequencies, [1, frequencies.length]));
    const e = linear(linear(concat([angles.cos(), angles.sin()], 1), "emb1").silu(), "emb2");
    let h = conv(u, "stem");
    const skips = [h];
    for (const step of unetPlan()) {
      if (step.kind === "block") {
        if (step.skip === "pop") h = concat([h, skips.pop() as Tensor], 1);
        h = block(h, e, step.name, step.from === step.to);
        if (step.skip === "push") skips.push(h);
      } else if (step.kind === "attention") h = attend(h, step.name);
      else if (step.kind === "down") {
        h = conv(h, step.name, 2);
        skips.push(h);
      } else h = conv(h.resize({ size: [2 * h.shape[2], 2 * h.shape[3]] }), step.name);
    }
    return conv(norm(h, "last").silu(), "head");
  });
}
