import { groupNorm, layerNorm, rmsNorm, type Tensor, zeros } from "../../tensor/index.ts";
import * as ops from "../../tensor/ops/index.ts";
import { shareHeads, splitHeads } from "./attention.ts";
import { convolve } from "./convolutions.ts";
import type { Family, OnnxNode } from "./node.ts";

/** Operators of ONNX Runtime that its optimizer and converters leave in files (domain com.microsoft). */

function activated(node: OnnxNode, x: Tensor): Tensor {
  const name = node.attributes.string("activation", "");
  const [alpha, beta] = node.attributes.floats("activation_params") ?? [];
  switch (name) {
    case "":
      return x;
    case "Relu":
      return x.relu();
    case "Sigmoid":
      return x.sigmoid();
    case "Tanh":
      return x.tanh();
    case "LeakyRelu":
      return ops.leakyRelu(x, alpha ?? 0.01);
    case "Clip":
      return x.clip(alpha, beta);
    case "HardSigmoid":
      return ops.hardSigmoid(x, alpha ?? 0.2, beta ?? 0.5);
    default:
      throw node.unsupported(`the activation ${name}`);
  }
}

function fusedConv(node: OnnxNode): Tensor {
  const y = convolve(node, node.tensor(0), node.tensor(1), node.optional(2));
  const added = node.optional(3);
  return activated(node, added ? y.add(added) : y);
}

function fusedMatmul(node: OnnxNode): Tensor {
  const turn = (x: Tensor, flag: string) => {
    if (!node.attributes.flag(flag)) return x;
    const axes = x.shape.map((_, i) => i);
    return x.transpose([...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
  };
  const a = turn(node.tensor(0), "transA");
  return a.matmul(turn(node.tensor(1), "transB")).mul(node.attributes.float("alpha", 1));
}

/** Normalises (input + skip + bias) over the last axis; the sum is the fourth output. */
function skipNorm(node: OnnxNode, centred: boolean): (Tensor | undefined)[] {
  const extra = node.optional(centred ? 4 : 3);
  const sum = node.tensor(0).add(node.tensor(1));
  const x = extra ? sum.add(extra) : sum;
  const eps = node.attributes.float("epsilon", 1e-12);
  const scale = node.tensor(2);
  const y = centred ? layerNorm(x, { scale, bias: node.optional(3), eps }) : rmsNorm(x, { scale, eps });
  return [y, undefined, undefined, x];
}

/** Group normalisation, channels last unless told otherwise, with an optional SiLU behind it. */
function groupNormalization(node: OnnxNode): Tensor {
  const given = node.tensor(0);
  const last = node.attributes.flag("channels_last", true);
  const x = last ? given.transpose([0, 3, 1, 2]) : given;
  const eps = node.attributes.float("epsilon", 1e-5);
  const y = groupNorm(x, node.attributes.int("groups", 1), { scale: node.tensor(1), bias: node.tensor(2), eps });
  const out = node.attributes.flag("activation") ? y.silu() : y;
  return last ? out.transpose([0, 2, 3, 1]) : out;
}

/** Attention of separate queries, keys and values [batch, length, width], without masks or caches. */
function multiHead(node: OnnxNode): Tensor {
  if (node.inputs.slice(4).some((v) => v !== undefined))
    throw node.unsupported("masks, biases on the scores or caches");
  const heads = node.attributes.int("num_heads", 1);
  const bias = node.optional(3);
  const width = node.tensor(0).shape[2];
  const part = (i: number) => {
    const x = node.tensor(i);
    return splitHeads(bias ? x.add(bias.narrow(0, i * width, x.shape[2])) : x, heads);
  };
  const [q, k, v] = [part(0), part(1), part(2)];
  const scale = node.attributes.float("scale", 0) || 1 / Math.sqrt(q.shape[3]);
  const y = q
    .matmul(k.transpose([0, 1, 3, 2]))
    .mul(scale)
    .softmax(-1)
    .matmul(v);
  return y.transpose([0, 2, 1, 3]).reshape([y.shape[0], y.shape[2], heads * y.shape[3]]);
}

/** Attention whose scores and probabilities pass through given bodies (domain ai.onnx.preview). */
function flexAttention(node: OnnxNode): Tensor {
  const [q, k, v] = [node.tensor(0), node.tensor(1), node.tensor(2)];
  const heads = q.shape[1];
  const through = (name: string, x: Tensor) => {
    if (!node.attributes.has(name)) return x;
    const [y] = node.around.run(node.attributes.graph(name), [x]);
    if (!(y instanceof ops.Tensor)) throw node.unsupported(`a ${name} that gives no tensor`);
    return y;
  };
  const scale = node.attributes.float("scale", 1 / Math.sqrt(q.shape[3]));
  const scores = through("score_mod", q.matmul(shareHeads(k, heads).transpose([0, 1, 3, 2])).mul(scale));
  return through("prob_mod", scores.softmax(-1)).matmul(shareHeads(v, heads));
}

const biased = (node: OnnxNode) => node.tensor(0).add(node.optional(1) ?? zeros([], node.tensor(0).dtype));

export const contrib: Family = {
  "ai.onnx.preview:FlexAttention": flexAttention,
  "com.microsoft:BiasGelu": (node) => biased(node).gelu(),
  "com.microsoft:FastGelu": (node) => biased(node).gelu("tanh"),
  "com.microsoft:FusedConv": fusedConv,
  "com.microsoft:FusedMatMul": fusedMatmul,
  "com.microsoft:Gelu": (node) => node.tensor(0).gelu(),
  "com.microsoft:GroupNorm": groupNormalization,
  "com.microsoft:MultiHeadAttention": multiHead,
  "com.microsoft:QuickGelu": (node) => {
    const x = node.tensor(0);
    const alpha = node.attributes.float("alpha", 1.702);
    return alpha === 1 ? x.silu() : x.mul(x.mul(alpha).sigmoid());
  },
  "com.microsoft:SkipLayerNormalization": (node) => skipNorm(node, true),
  "com.microsoft:SkipSimplifiedLayerNormalization": (node) => skipNorm(node, false),
  // ONNX Runtime writes this one into the standard domain.
  SimplifiedLayerNormalization: (node) =>
    rmsNorm(node.tensor(0), { scale: node.tensor(1), eps: node.attributes.float("epsilon", 1e-5) }),
};
