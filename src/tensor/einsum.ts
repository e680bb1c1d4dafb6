import { constant } from "./ops/source.ts";
import { broadcastShapes, shapeError, show, sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** A tensor whose axes carry labels, each at most once. */
interface Labelled {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

/**
 * Einstein summation (NumPy `einsum`): ellipses, repeated labels (diagonals) and implicit output (labels that occur
 * once, in alphabetical order). Operands are contracted from left to right, each pair as one batched matrix product.
 * @throws shape-mismatch for an equation that does not fit the operands
 */
export function einsum(equation: string, ...operands: Tensor[]): Tensor {
  const { terms, output, extents } = parse(equation, operands);
  let [acc, ...rest] = operands.map((x, i) => diagonal({ x, labels: terms[i] }));
  acc = keepOnly(acc, new Set([...output, ...rest.flatMap((t) => t.labels)]));
  while (rest.length > 0) {
    const [next, ...later] = rest;
    const wanted = new Set([...output, ...later.flatMap((t) => t.labels)]);
    acc = contract(acc, keepOnly(next, new Set([...wanted, ...acc.labels])), wanted);
    rest = later;
  }
  const sorted = arrange(acc, output);
  return sorted.expand(output.map((l) => extents.get(l) as number));
}

function parse(equation: string, operands: readonly Tensor[]) {
  const bad = (expected: string, got: string) => shapeError("einsum", expected, got);
  const [left, right] = equation.replaceAll(" ", "").split("->");
  const texts = left.split(",");
  if (texts.length !== operands.length) throw bad(`${texts.length} operands for "${equation}"`, `${operands.length}`);
  const named = (text: string) => [...text.replace("...", "")];
  const ellipsisRank = Math.max(
    0,
    ...texts.map((t, i) => (t.includes("...") ? operands[i].rank - named(t).length : 0)),
  );
  const all = Array.from({ length: ellipsisRank }, (_, i) => `.${i}`);
  const labelsOf = (text: string, rank: number) => {
    const at = text.indexOf("...");
    if (at < 0) return [...text];
    const count = rank - named(text).length;
    return [...text.slice(0, at), ...all.slice(ellipsisRank - Math.max(0, count)), ...text.slice(at + 3)];
  };
  const terms = texts.map((t, i) => labelsOf(t, operands[i].rank));
  const extents = new Map<string, number>();
  terms.forEach((labels, i) => {
    const { shape } = operands[i];
    if (labels.some((l) => !/^[a-zA-Z]$|^\.\d+$/.test(l))) throw bad("letters, commas, '...' and '->'", equation);
    if (labels.length !== shape.length) throw bad(`rank ${labels.length} for "${texts[i]}"`, show(shape));
    labels.forEach((l, k) => {
      const [d] = broadcastShapes(`einsum, axis ${l}`, [extents.get(l) ?? 1], [shape[k]]);
      extents.set(l, d);
    });
  });
  const used = terms.flat();
  const once = [...new Set(used)].filter((l) => !l.startsWith(".") && used.indexOf(l) === used.lastIndexOf(l)).sort();
  const output = right === undefined ? [...all, ...once] : labelsOf(right, named(right).length + ellipsisRank);
  const unknown = output.find((l) => !extents.has(l));
  if (unknown !== undefined || new Set(output).size !== output.length)
    throw bad("distinct output labels that occur on the left", equation);
  return { terms, output, extents };
}

/** Takes the diagonal where a label occurs twice. */
function diagonal(term: Labelled): Labelled {
  const { x, labels } = term;
  const second = labels.findIndex((l, i) => labels.indexOf(l) < i);
  if (second < 0) return term;
  const first = labels.indexOf(labels[second]);
  const n = x.shape[first];
  if (x.shape[second] !== n) throw shapeError("einsum", `equal extents for label ${labels[second]}`, show(x.shape));
  const others = labels.map((_, i) => i).filter((i) => i !== first && i !== second);
  const flat = x.transpose([first, second, ...others]).reshape([n * n, ...others.map((i) => x.shape[i])]);
  const picked = flat.gather(Array.from({ length: n }, (_, i) => i * (n + 1)));
  return diagonal({ x: picked, labels: [labels[first], ...others.map((i) => labels[i])] });
}

/** Sums the axes that nothing else needs. */
function keepOnly({ x, labels }: Labelled, wanted: ReadonlySet<string>): Labelled {
  const drop = labels.flatMap((l, i) => (wanted.has(l) ? [] : [i]));
  return drop.length === 0 ? { x, labels } : { x: x.sum(drop), labels: labels.filter((l) => wanted.has(l)) };
}

/** Permutes to the given order; labels that are missing become axes of extent 1. */
function arrange({ x, labels }: Labelled, order: readonly string[]): Tensor {
  const present = order.filter((l) => labels.includes(l));
  const turned = x.transpose(present.map((l) => labels.indexOf(l)));
  const extents = turned.shape;
  return turned.reshape(order.map((l) => (labels.includes(l) ? extents[present.indexOf(l)] : 1)));
}

function contract(a: Labelled, b: Labelled, wanted: ReadonlySet<string>): Labelled {
  const extent = (t: Labelled, l: string) => t.x.shape[t.labels.indexOf(l)];
  const shared = a.labels.filter((l) => b.labels.includes(l));
  const summed = shared.filter((l) => !wanted.has(l));
  // An axis of extent 1 against n broadcasts: it is summed on its own side, with the other side summed too.
  const uneven = summed.filter((l) => extent(a, l) !== extent(b, l));
  if (uneven.length > 0) {
    const without = (t: Labelled) => keepOnly(t, new Set(t.labels.filter((l) => !uneven.includes(l))));
    return contract(without(a), without(b), wanted);
  }
  const batch = shared.filter((l) => wanted.has(l));
  const freeA = a.labels.filter((l) => !shared.includes(l));
  const freeB = b.labels.filter((l) => !shared.includes(l));
  const labels = [...batch, ...freeA, ...freeB];
  if (summed.length === 0) return { x: arrange(a, labels).mul(arrange(b, labels)), labels };
  const sizes = (t: Labelled, list: readonly string[]) => list.map((l) => extent(t, l));
  const k = sizeOf(sizes(a, summed));
  const left = arrange(a, [...batch, ...freeA, ...summed]).reshape([...sizes(a, batch), sizeOf(sizes(a, freeA)), k]);
  const right = arrange(b, [...batch, ...summed, ...freeB]).reshape([...sizes(b, batch), k, sizeOf(sizes(b, freeB))]);
  const product =
    k === 0 ? constant(0, [], a.x.dtype).mul(left.sum(-1, true).mul(right.sum(-2, true))) : left.matmul(right);
  const batchShape = product.shape.slice(0, -2);
  return { x: product.reshape([...batchShape, ...sizes(a, freeA), ...sizes(b, freeB)]), labels };
}
