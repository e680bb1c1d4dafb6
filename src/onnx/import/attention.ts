import { concat, constant, range, type Tensor, where } from "../../tensor/index.ts";
import { gather } from "../../tensor/ops/index.ts";
import type { Family, OnnxNode } from "./node.ts";

/** [batch, length, heads·size] → [batch, heads, length, size]. */
export function splitHeads(x: Tensor, heads: number): Tensor {
  if (x.rank === 4) return x;
  const [batch, length, width] = x.shape;
  return x.reshape([batch, length, heads, width / heads]).transpose([0, 2, 1, 3]);
}

/** Each of the key or value heads serves several query heads. */
export function shareHeads(x: Tensor, heads: number): Tensor {
  const [batch, own, length, size] = x.shape;
  if (own === heads) return x;
  const each = heads / own;
  return x.unsqueeze(2).expand([batch, own, each, length, size]).reshape([batch, heads, length, size]);
}

/** What is added to the scores: the given mask, the past only (`causal`), and nothing behind each batch entry's length. */
function biasOf(node: OnnxNode, q: Tensor, total: number, past: number): Tensor | undefined {
  const [batch, , rows] = q.shape;
  const never = constant(Number.NEGATIVE_INFINITY, [], q.dtype);
  const parts: Tensor[] = [];
  const mask = node.optional(3);
  if (mask) {
    const bias = mask.dtype === "bool" ? where(mask, 0, never) : mask.cast(q.dtype);
    const missing = total - bias.shape[bias.rank - 1]; // entries that the mask does not cover are not seen
    const amounts = bias.shape.map((_, i) => [0, i === bias.rank - 1 ? missing : 0] as const);
    parts.push(missing > 0 ? bias.pad(amounts, "constant", Number.NEGATIVE_INFINITY) : bias);
  }
  const columns = range(0, total, 1, "int64");
  const lengths = node.optional(6)?.reshape([batch, 1, 1, 1]);
  if (node.attributes.flag("is_causal")) {
    const first = lengths ? lengths.sub(rows) : constant(past, [], "int64");
    const last = range(0, rows, 1, "int64").unsqueeze(1).add(first);
    parts.push(where(last.less(columns), never, 0));
  }
  if (lengths) parts.push(where(columns.less(lengths), constant(0, [], q.dtype), never));
  return parts.length > 0 ? parts.reduce((a, b) => a.add(b)) : undefined;
}

/** Softmax of scores + bias; a row in which nothing may be seen becomes zeros. */
function probabilities(scores: Tensor, bias: Tensor | undefined): Tensor {
  if (!bias) return scores.softmax(-1);
  const blind = bias.max(-1, true).equal(Number.NEGATIVE_INFINITY);
  return where(blind, 0, scores.add(where(blind, 0, bias)).softmax(-1));
}

function dotProduct(node: OnnxNode): (Tensor | undefined)[] {
  const { attributes } = node;
  const packed = node.tensor(0).rank === 3;
  const q = splitHeads(node.tensor(0), attributes.int("q_num_heads", 1));
  const newKeys = splitHeads(node.tensor(1), attributes.int("kv_num_heads", 1));
  const newValues = splitHeads(node.tensor(2), attributes.int("kv_num_heads", 1));
  const [pastKeys, pastValues] = [node.optional(4), node.optional(5)];
  const keys = pastKeys ? concat([pastKeys, newKeys], 2) : newKeys;
  const values = pastValues ? concat([pastValues, newValues], 2) : newValues;
  const [batch, heads, rows, size] = q.shape;
  const scale = attributes.float("scale", 1 / Math.sqrt(size));
  const scores = q.matmul(shareHeads(keys, heads).transpose([0, 1, 3, 2])).mul(scale);
  const cap = attributes.float("softcap", 0);
  const capped = cap > 0 ? scores.div(cap).tanh().mul(cap) : scores;
  const bias = biasOf(node, q, keys.shape[2], pastKeys?.shape[2] ?? 0);
  const weights = probabilities(capped, bias);
  const y = weights.matmul(shareHeads(values, heads));
  const shown = [scores, capped, bias ? capped.add(bias) : capped, weights][attributes.int("qk_matmul_output_mode", 0)];
  const out = packed ? y.transpose([0, 2, 1, 3]).reshape([batch, rows, heads * y.shape[3]]) : y;
  return [out, keys, values, shown];
}

/** Turns pairs of features by an angle that grows with the position (Su et al., arXiv 2104.09864). */
function rotary(node: OnnxNode): Tensor {
  const { attributes } = node;
  const given = node.tensor(0);
  const heads = attributes.int("num_heads", 0);
  const [batch, , rows] = given.shape;
  // [batch, length, heads, size]
  const x = given.rank === 3 ? given.reshape([batch, given.shape[1], heads, -1]) : given.transpose([0, 2, 1, 3]);
  const size = attributes.int("rotary_embedding_dim", 0) || x.shape[3];
  const half = size / 2;
  const positions = node.optional(3);
  const angles = (i: number) => {
    const cache = node.tensor(i);
    return (positions ? gather(cache, positions, 0) : cache).narrow(-1, 0, half).unsqueeze(2);
  };
  const [cos, sin] = [angles(1), angles(2)];
  const turned = x.narrow(3, 0, size);
  const interleaved = attributes.flag("interleaved");
  const pairs = interleaved ? turned.reshape([...x.shape.slice(0, 3), half, 2]) : undefined;
  const part = (k: number) => (pairs ? pairs.narrow(4, k, 1).squeeze(4) : turned.narrow(3, k * half, half));
  const [a, b] = [part(0), part(1)];
  const [real, imaginary] = [cos.mul(a).sub(sin.mul(b)), sin.mul(a).add(cos.mul(b))];
  const joined = interleaved
    ? concat([real.unsqueeze(4), imaginary.unsqueeze(4)], 4).reshape(turned.shape)
    : concat([real, imaginary], 3);
  const y = concat(
    [joined, x.narrow(3, size, x.shape[3] - size)].filter((t) => t.size > 0),
    3,
  );
  return given.rank === 3
    ? y.reshape(given.shape)
    : y.transpose([0, 2, 1, 3]).reshape([batch, heads || given.shape[1], rows, -1]);
}

export const attention: Family = {
  Attention: dotProduct,
  RotaryEmbedding: rotary,
};
