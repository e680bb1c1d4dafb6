import { TweedieError } from "../errors.ts";
import { constant, type Tensor } from "../tensor/index.ts";
import { checkShape, type Operator } from "./operator.ts";

export interface ColorizationOptions {
  /** `mean`: 0.3333, 0.3334, 0.3333 as DDRM and DDNM publish it; `luma`: Rec. 601, what most grey pictures were made with. */
  readonly weights?: "mean" | "luma";
}

const published = { mean: [0.3333, 0.3334, 0.3333], luma: [0.299, 0.587, 0.114] } as const;

/** Colorization: y = a·(R, G, B), one grey channel. One singular value ‖a‖ a pixel; A†y = a y/‖a‖². */
export function colorization({ weights = "mean" }: ColorizationOptions, domain: readonly number[]): Operator {
  const [, channels, height, width] = domain;
  if (channels !== 3)
    throw new TweedieError("invalid-operator", {
      what: "colorize",
      expected: "pictures with 3 channels",
      got: String(channels),
    });
  const a = published[weights];
  const square = a.reduce<number>((sum, v) => sum + v * v, 0);
  const length = Math.sqrt(square);
  const mixture = (values: readonly number[], shape: readonly [number, number]) =>
    constant(Float64Array.from(values), [...shape, 1, 1], "float32");
  // Householder reflection that turns the first unit vector into a/‖a‖: symmetric and orthogonal, so V = Vᵀ.
  const direction = a.map((v) => v / length);
  const w = direction.map((v, i) => v - (i === 0 ? 1 : 0));
  const norm = w.reduce((sum, v) => sum + v * v, 0);
  const reflection = w.flatMap((wi, i) => w.map((wj, j) => (i === j ? 1 : 0) - (2 * wi * wj) / norm));
  const v = mixture(reflection, [3, 3]);
  const turn = (x: Tensor) => x.conv(v);
  const row = mixture(a, [1, 3]);
  const back = mixture(
    a.map((x) => x / square),
    [3, 1],
  );
  const range = [1, 1, height, width];
  return {
    name: "colorize",
    domain: [1, 3, height, width],
    range,
    linear: true,
    normSquared: square,
    apply(x) {
      checkShape("colorize", domain, x);
      return x.conv(row);
    },
    pseudoInverse(y) {
      checkShape("pseudo-inverse of colorize", range, y);
      return y.conv(back);
    },
    exactPseudoInverse: true,
    solveGram: (y, lambda) => y.div(lambda.add(square)),
    svd: {
      vt: turn,
      v: turn,
      ut: (y) =>
        y.pad([
          [0, 0],
          [0, 2],
          [0, 0],
          [0, 0],
        ]),
      u: (z) => z.narrow(1, 0, 1),
      singularValues: constant(Float64Array.of(length, 0, 0), [1, 3, 1, 1], "float32"),
    },
    // Grey that measures as y: exact, where the published weights do not quite sum to one.
    estimate: (y) => {
      const sum = a.reduce<number>((s, x) => s + x, 0);
      return Float64Array.from({ length: 3 * y.length }, (_, k) => y[k % y.length] / sum);
    },
    toJSON: () => ({ name: "colorize", weights }),
  };
}
