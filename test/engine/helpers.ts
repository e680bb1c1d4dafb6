import { constant, probe, type Tensor } from "../../src/tensor/index.ts";

/** Numbers in [-1, 1) that look random and never change. */
export function random(n: number, seed: number): Float32Array {
  let s = seed * 2654435761 + 12345;
  return Float32Array.from({ length: n }, () => {
    s = (s * 1664525 + 1013904223) % 4294967296;
    return s / 2147483648 - 1;
  });
}

/** ‖a − b‖ / ‖b‖. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [d, n] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    d += (a[i] - b[i]) ** 2;
    n += b[i] ** 2;
  }
  return Math.sqrt(d / n);
}

/** A small network with strides, a skip, normalisation and attention-like products, marked as one forward pass. */
export function smallNet(x: Tensor): Tensor {
  const weight = (o: number, c: number, k: number, seed: number) =>
    constant(
      random(o * c * k * k, seed).map((v) => (2 * v) / Math.sqrt(c * k * k)),
      [o, c, k, k],
    );
  const h = x.conv(weight(8, 3, 3, 1), { pads: 1, bias: constant(random(8, 5)) }).silu();
  const d = h.conv(weight(8, 8, 3, 2), { pads: 1, stride: 2 }).relu();
  const u = d.resize({ size: [x.shape[2], x.shape[3]] }).add(h);
  return probe(u.conv(weight(3, 8, 3, 3), { pads: 1 }), "forward");
}
