import { concat, constant, parameter, type Tensor } from "../tensor/index.ts";
import { type FourierPair, frequencies, isEdge, mapTransfer, type Transfer, transferMap } from "./fourier.ts";
import type { Svd } from "./operator.ts";

/**
 * The SVD of a periodic convolution with transfer function T: singular values |T|, V the real and imaginary parts of the
 * Fourier coefficients A± - iB±, one number for each that is not redundant (H·W in all, arranged as a picture), and
 * U = V turned by the phase of T.
 */
export function fourierSvd(pair: FourierPair, transfer: Transfer): Svd {
  const { height, width } = pair;
  const { scale, live, back } = layout(height, width);
  const turn = transferMap(phase(transfer), height, width);
  const turnBack = transferMap(
    mapTransfer(phase(transfer), (re, im) => [re, -im]),
    height,
    width,
  );
  const toParts = (z: Tensor) => {
    const [n, c] = z.shape;
    const [cc, cs, sc, ss] = split(z, height, width);
    const parts = [cc.sub(ss), sc.add(cs), cc.add(ss), sc.sub(cs)].map((x, k) => x.mul(scale[k < 2 ? 0 : 1]));
    return concat(
      parts.map((x) => x.reshape(n, c, -1)),
      2,
    )
      .gather(live, 2)
      .reshape(n, c, height, width);
  };
  const fromParts = (v: Tensor) => {
    const [n, c] = v.shape;
    const [kh, kw] = [frequencies(height), frequencies(width)];
    const filled = v
      .reshape(n, c, height * width)
      .pad([
        [0, 0],
        [0, 0],
        [0, 1],
      ])
      .gather(back, 2)
      .reshape(n, c, 4, kh, kw);
    const [ap, bp, am, bm] = filled.split([1, 1, 1, 1], 2).map((x, k) => x.squeeze(2).mul(scale[k < 2 ? 0 : 1]));
    const rows = [
      [ap.add(am), bp.sub(bm)],
      [bp.add(bm), am.sub(ap)],
    ];
    return concat(
      rows.map((row) => concat(row, 3)),
      2,
    );
  };
  return {
    vt: (x) => toParts(pair.forward(x)),
    v: (z) => pair.inverse(fromParts(z)),
    ut: (y) => toParts(turnBack(pair.forward(y))),
    u: (z) => pair.inverse(turn(fromParts(z))),
    singularValues: parameter(moduli(transfer, live), [1, 1, height, width], "float32"),
  };
}

function split(z: Tensor, height: number, width: number): Tensor[] {
  const [kh, kw] = [frequencies(height), frequencies(width)];
  return z.split([kh, kh], 2).flatMap((half) => half.split([kw, kw], 3));
}

function phase(transfer: Transfer): Transfer {
  return mapTransfer(transfer, (re, im) => {
    const size = Math.hypot(re, im);
    return size > 1e-12 ? [re / size, im / size] : [1, 0]; // what is left of a zero by rounding has no phase
  });
}

function moduli({ plus, minus }: Transfer, live: readonly number[]): Float64Array {
  const size = plus.re.length;
  return Float64Array.from(live, (at) => {
    const { re, im } = at < 2 * size ? plus : minus;
    return Math.hypot(re[at % size], im[at % size]);
  });
}

/**
 * Which of the parts [A+, B+, A-, B-] at each (f_h, f_w) carry a number of their own, and their scale: 1/√2 where + and -
 * differ; at the edges, where f = 0 or n/2 makes them equal, only + stays, with scale 1, and B+ vanishes at the corners.
 */
function layout(height: number, width: number) {
  const [kh, kw] = [frequencies(height), frequencies(width)];
  const size = kh * kw;
  const edge = (at: number) => [isEdge(Math.floor(at / kw), height), isEdge(at % kw, width)] as const;
  const isLive = [
    () => true,
    (at: number) => !(edge(at)[0] && edge(at)[1]),
    (at: number) => !edge(at)[0] && !edge(at)[1],
    (at: number) => !edge(at)[0] && !edge(at)[1],
  ];
  const live: number[] = [];
  const back = new Array<number>(4 * size).fill(height * width); // the rest points at the zero behind the end
  isLive.forEach((test, part) => {
    for (let at = 0; at < size; at++) {
      if (!test(at)) continue;
      back[part * size + at] = live.length;
      live.push(part * size + at);
    }
  });
  const plus = Float64Array.from({ length: size }, (_, at) => (edge(at)[0] || edge(at)[1] ? 1 : Math.SQRT1_2));
  const scale = [constant(plus, [1, 1, kh, kw], "float32"), constant(Math.SQRT1_2)] as const;
  return { scale, live, back };
}
