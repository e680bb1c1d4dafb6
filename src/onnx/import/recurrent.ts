import { stack, type Tensor, where, zeros } from "../../tensor/index.ts";
import * as ops from "../../tensor/ops/index.ts";
import type { Family, OnnxNode } from "./node.ts";

type Activation = (x: Tensor) => Tensor;

/** The activation functions of the recurrent operators, with their default alpha and beta. */
const activations: Readonly<Record<string, (alpha?: number, beta?: number) => Activation>> = {
  Affine:
    (alpha = 1, beta = 0) =>
    (x) =>
      x.mul(alpha).add(beta),
  Elu:
    (alpha = 1) =>
    (x) =>
      ops.elu(x, alpha),
  HardSigmoid:
    (alpha = 0.2, beta = 0.5) =>
    (x) =>
      ops.hardSigmoid(x, alpha, beta),
  LeakyRelu:
    (alpha = 0.01) =>
    (x) =>
      ops.leakyRelu(x, alpha),
  Relu: () => (x) => x.relu(),
  ScaledTanh:
    (alpha = 1, beta = 1) =>
    (x) =>
      x.mul(beta).tanh().mul(alpha),
  Sigmoid: () => (x) => x.sigmoid(),
  Softplus: () => (x) => x.softplus(),
  Softsign: () => (x) => ops.softsign(x),
  Tanh: () => (x) => x.tanh(),
  ThresholdedRelu:
    (alpha = 1) =>
    (x) =>
      ops.thresholdedRelu(x, alpha),
};

/** The functions of one direction; `fallback` names the operator's own. */
function functionsOf(node: OnnxNode, direction: number, fallback: readonly string[]): Activation[] {
  const names = node.attributes.strings("activations");
  const [alphas, betas] = [
    node.attributes.floats("activation_alpha") ?? [],
    node.attributes.floats("activation_beta") ?? [],
  ];
  return fallback.map((own, i) => {
    const at = direction * fallback.length + i;
    const make = activations[names?.[at] ?? own];
    if (!make) throw node.unsupported(`the activation ${names?.[at]}`);
    return make(alphas[at], betas[at]);
  });
}

/** Everything that one direction of a recurrent operator needs. */
interface Cell {
  /** [gates·hidden, input], [gates·hidden, hidden], [gates·hidden] twice. */
  readonly w: Tensor;
  readonly r: Tensor;
  readonly wb: Tensor;
  readonly rb: Tensor;
  readonly f: readonly Activation[];
  readonly hidden: number;
}

/** From the input at one time and the states before it to the states after; the first state is the output. */
type Step = (x: Tensor, states: readonly Tensor[], cell: Cell) => Tensor[];

const gate = (x: Tensor, i: number, hidden: number) => x.narrow(-1, i * hidden, hidden);

/** Runs a recurrent operator over time in each direction. Inputs 5, 6 hold the initial states. */
function unroll(
  node: OnnxNode,
  gates: number,
  states: number,
  fallback: readonly string[],
  makeStep: (direction: number) => Step,
): Tensor[] {
  const { attributes } = node;
  const batchFirst = attributes.flag("layout");
  const given = node.tensor(0);
  const x = batchFirst ? given.transpose([1, 0, 2]) : given; // [time, batch, input]
  const [time, batch] = x.shape;
  const hidden = node.tensor(2).shape[2];
  const lengths = node.optional(4)?.unsqueeze(1);
  const mode = attributes.string("direction", "forward");
  const backward = mode === "reverse" ? [true] : mode === "bidirectional" ? [false, true] : [false];
  const perDirection = backward.map((back, d) => {
    const own = (i: number) => node.tensor(i).narrow(0, d, 1).squeeze(0);
    const bias = node.optional(3) ? own(3) : zeros([2 * gates * hidden], x.dtype);
    const half = gates * hidden;
    const cell: Cell = {
      w: own(1),
      r: own(2),
      wb: bias.narrow(0, 0, half),
      rb: bias.narrow(0, half, half),
      f: functionsOf(node, d, fallback),
      hidden,
    };
    const step = makeStep(d);
    let current = Array.from({ length: states }, (_, k) => {
      const initial = node.optional(5 + k);
      if (!initial) return zeros([batch, hidden], x.dtype);
      return batchFirst ? initial.narrow(1, d, 1).squeeze(1) : initial.narrow(0, d, 1).squeeze(0);
    });
    const outputs: Tensor[] = [];
    for (let i = 0; i < time; i++) {
      const t = back ? time - 1 - i : i;
      const next = step(x.narrow(0, t, 1).squeeze(0), current, cell);
      const running = lengths?.greater(t); // entries whose sequence has ended keep their state
      current = running ? next.map((s, k) => where(running, s, current[k])) : next;
      outputs.push(running ? where(running, next[0], 0) : next[0]);
    }
    return { outputs: stack(back ? outputs.reverse() : outputs, 0), current };
  });
  const all = stack(
    perDirection.map((p) => p.outputs),
    1,
  ); // [time, directions, batch, hidden]
  const last = Array.from({ length: states }, (_, k) =>
    stack(
      perDirection.map((p) => p.current[k]),
      0,
    ),
  );
  const turned = batchFirst ? last.map((s) => s.transpose([1, 0, 2])) : last;
  return [batchFirst ? all.transpose([2, 0, 1, 3]) : all, ...turned];
}

const clipper = (node: OnnxNode) => {
  const limit = node.attributes.float("clip");
  return (x: Tensor) => (limit === undefined ? x : x.clip(-limit, limit));
};

const affine = (x: Tensor, w: Tensor, b: Tensor) => x.matmul(w.transpose()).add(b);

function rnn(node: OnnxNode): Tensor[] {
  const clip = clipper(node);
  return unroll(node, 1, 1, ["Tanh"], () => (x, [h], { w, r, wb, rb, f }) => [
    f[0](clip(affine(x, w, wb).add(affine(h, r, rb)))),
  ]);
}

function gru(node: OnnxNode): Tensor[] {
  const clip = clipper(node);
  const after = node.attributes.flag("linear_before_reset");
  return unroll(node, 3, 1, ["Sigmoid", "Tanh"], () => (x, [h], { w, r, wb, rb, f, hidden }) => {
    const input = affine(x, w, wb);
    const memory = affine(h, r, rb);
    const update = f[0](clip(gate(input, 0, hidden).add(gate(memory, 0, hidden))));
    const reset = f[0](clip(gate(input, 1, hidden).add(gate(memory, 1, hidden))));
    const rows = r.narrow(0, 2 * hidden, hidden);
    const recalled = after ? reset.mul(gate(memory, 2, hidden)) : affine(reset.mul(h), rows, gate(rb, 2, hidden));
    const candidate = f[1](clip(gate(input, 2, hidden).add(recalled)));
    return [candidate.sub(update.mul(candidate)).add(update.mul(h))];
  });
}

function lstm(node: OnnxNode): Tensor[] {
  const clip = clipper(node);
  const coupled = node.attributes.flag("input_forget");
  return unroll(node, 4, 2, ["Sigmoid", "Tanh", "Tanh"], (direction) => {
    const peepholes = node.optional(7)?.narrow(0, direction, 1).squeeze(0);
    return (x, [h, c], { w, r, wb, rb, f, hidden }) => {
      const sums = affine(x, w, wb).add(affine(h, r, rb)); // gates i, o, f, c
      const peek = (i: number, state: Tensor) => {
        const own = gate(sums, i, hidden);
        return peepholes ? own.add(gate(peepholes, i, hidden).mul(state)) : own;
      };
      const input = f[0](clip(peek(0, c)));
      const forget = coupled ? input.neg().add(1) : f[0](clip(peek(2, c)));
      const next = forget.mul(c).add(input.mul(f[1](clip(gate(sums, 3, hidden)))));
      const output = f[0](clip(peek(1, next)));
      return [output.mul(f[2](next)), next];
    };
  });
}

export const recurrent: Family = { GRU: gru, LSTM: lstm, RNN: rnn };
