import { parameter, type Tensor } from "../tensor/index.ts";
import { type BlurForm, generalMap } from "./blur-map.ts";
import { matrixParameter, onBothAxes, transposed } from "./dense.ts";
import {
  type Complex,
  type FourierPair,
  fourierPair,
  frequencies,
  mapTransfer,
  realTransfer,
  type Transfer,
  transferMap,
  transferOf,
} from "./fourier.ts";
import { fourierSvd } from "./fourier-svd.ts";
import { checkShape, type Operator, type Svd } from "./operator.ts";
import { type Axis, memo } from "./separable.ts";

/** Blur of a periodic picture: SVD, pseudo-inverse and normal equations in closed form, in Fourier coefficients. */
export function circularBlur(form: BlurForm, axes: { rows: Axis; columns: Axis } | undefined): Operator {
  const { kernel, domain, cutoff, spec, estimate } = form;
  const [, , height, width] = domain;
  const transfer = memo(() => transferOf(kernel, height, width));
  const pair = memo(() => fourierPair({ size: height, length: height }, { size: width, length: width }));
  const filter = (t: Transfer) => {
    const map = transferMap(t, height, width);
    return (x: Tensor) => pair().inverse(map(pair().forward(x)));
  };
  const map = axes ? separableMap(axes) : generalMap(form);
  const inverse = memo(() => filter(mapTransfer(transfer(), (re, im) => invert(re, im, cutoff))));
  const solve = memo(() => normalMap(transfer(), pair()));
  const norm = memo(() => largestModulus(transfer()) ** 2);
  const svd = memo(() => fourierSvd(pair(), transfer()));
  return {
    name: "blur",
    domain,
    range: domain,
    linear: true,
    exactPseudoInverse: cutoff === 0,
    get normSquared() {
      return norm();
    },
    apply(x) {
      checkShape("blur", domain, x);
      return map(x);
    },
    pseudoInverse(y) {
      checkShape("pseudo-inverse of blur", domain, y);
      return inverse()(y);
    },
    // A and Aᵀ commute, so both sides have the eigenvalues |T|² + λ.
    solveNormal: (x, lambda) => solve()(x, lambda),
    solveGram: (y, lambda) => solve()(y, lambda),
    get svd(): Svd {
      return svd();
    },
    estimate,
    toJSON: () => spec,
    ...(axes && { axes, cutoff }),
  };
}

function separableMap({ rows, columns }: { rows: Axis; columns: Axis }) {
  const [left, right] = [matrixParameter(rows.matrix), matrixParameter(transposed(columns.matrix))];
  return (x: Tensor) => onBothAxes(x, left, right);
}

function invert(re: number, im: number, cutoff: number): [number, number] {
  const square = re * re + im * im;
  return Math.sqrt(square) < Math.max(cutoff, 1e-12) ? [0, 0] : [re / square, -im / square];
}

function normalMap({ plus, minus }: Transfer, { height, width, forward, inverse }: FourierPair) {
  const power = ({ re, im }: Complex) =>
    parameter(
      re.map((v, k) => v * v + im[k] * im[k]),
      [1, 1, frequencies(height), frequencies(width)],
      "float32",
    );
  const [p, m] = [power(plus), power(minus)];
  return (x: Tensor, lambda: Tensor) =>
    inverse(realTransfer(forward(x), p.add(lambda).reciprocal(), m.add(lambda).reciprocal()));
}

function largestModulus({ plus, minus }: Transfer): number {
  return [plus, minus].reduce((top, { re, im }) => re.reduce((t, v, k) => Math.max(t, Math.hypot(v, im[k])), top), 0);
}
