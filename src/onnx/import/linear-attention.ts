import { stack, type Tensor, zeros } from "../../tensor/index.ts";
import { shareHeads, splitHeads } from "./attention.ts";
import type { Family, OnnxNode } from "./node.ts";

/** Steps in time that are written out at most. */
const longest = 1024;

/**
 * Attention without softmax: a state [batch, heads, keys, values] per head is updated at each time and read by the
 * queries. The rules differ in what the state forgets (`gated`) and in whether a key's old value is taken out first (`delta`).
 */
function linearAttention(node: OnnxNode): Tensor[] {
  const { attributes } = node;
  const [heads, own] = [attributes.int("q_num_heads", 1), attributes.int("kv_num_heads", 1)];
  const { dtype } = node.tensor(0);
  const wide = (i: number) => (dtype === "float16" ? node.tensor(i).cast("float32") : node.tensor(i));
  const q = splitHeads(wide(0), heads); // [batch, heads, time, size]
  const k = splitHeads(wide(1), own);
  const v = splitHeads(wide(2), own);
  const rule = attributes.string("update_rule", "gated_delta");
  const decay = rule.startsWith("gated") ? splitHeads(wide(4), own).exp() : undefined;
  const beta = rule.endsWith("delta") ? wide(5) : undefined; // [batch, time, heads or 1]
  const [batch, , time, size] = q.shape;
  if (time > longest) throw node.unsupported(`${time} steps in time (at most ${longest})`);
  const scale = attributes.float("scale", 0) || 1 / Math.sqrt(size);
  let state = node.inputs[3] ? wide(3) : zeros([batch, own, size, v.shape[3]], q.dtype);
  const outputs: Tensor[] = [];
  for (let t = 0; t < time; t++) {
    const at = (x: Tensor) => x.narrow(2, t, 1); // [batch, heads, 1, size]
    const key = at(k).transpose([0, 1, 3, 2]);
    if (decay) state = state.mul(at(decay).transpose([0, 1, 3, 2]));
    let written = at(v);
    if (beta) {
      const rate = beta.narrow(1, t, 1).transpose([0, 2, 1]).unsqueeze(3); // [batch, heads or 1, 1, 1]
      written = written.sub(key.transpose([0, 1, 3, 2]).matmul(state)).mul(rate);
    }
    state = state.add(key.mul(written));
    outputs.push(at(q).matmul(shareHeads(state, heads)).mul(scale).squeeze(2));
  }
  const all = stack(outputs, 1); // [batch, time, heads, values]
  return [all.reshape([batch, time, -1]).cast(dtype), state.cast(dtype)];
}

export const linearAttentions: Family = { LinearAttention: linearAttention };
