import { describe, expect, test } from "vitest";
import { latentOperator } from "../../src/latent/latent-operator.ts";
import type { Operator } from "../../src/operators/operator.ts";
import { daps } from "../../src/solvers/daps.ts";
import { dps } from "../../src/solvers/dps.ts";
import { linearised } from "../../src/solvers/linearised.ts";
import { mpgd } from "../../src/solvers/mpgd.ts";
import { redDiff } from "../../src/solvers/red-diff.ts";
import type { Solver } from "../../src/solvers/solver.ts";
import { vmlMap } from "../../src/solvers/vml-map.ts";
import { constant, evaluate, type Tensor } from "../../src/tensor/index.ts";
import { expectClose } from "../helpers/close.ts";
import { prepare, solveInFloat64 } from "../helpers/float64-solver.ts";
import { autoencoder, D, denoise, latent, pixelOperator, sigmaY, start, vector, y } from "../helpers/linear-latent.ts";

test("decode is the matrix that W writes out, encode its transpose", () => {
  const z = [0.3, -1.2, 0.7, 2];
  const [x, back] = evaluate([
    autoencoder.decode(constant(z, [1, 2, 1, 2], "float32")),
    autoencoder.encode(autoencoder.decode(constant(z, [1, 2, 1, 2], "float32"))).mean,
  ]);
  const wanted = D.map((row) => row.reduce((s, d, j) => s + d * z[j], 0));
  expectClose(x.data, wanted, 1e-12);
  const again = D[0].map((_, j) => D.reduce((s, row, i) => s + row[j] * wanted[i], 0));
  expectClose(back.data, again, 1e-12);
});

test("a picture that is no multiple of the factor is cropped from a larger decoding", () => {
  const identity: Operator = { ...pixelOperator, domain: [1, 1, 2, 3], range: [1, 1, 2, 3], apply: (x) => x };
  const operator = latentOperator(identity, autoencoder);
  expect(operator.domain).toEqual([1, 2, 1, 2]);
  const z = constant([1, 2, 3, 4], [1, 2, 1, 2]);
  const [whole, cropped] = evaluate([autoencoder.decode(z), operator.apply(z)]);
  expectClose(
    cropped.data,
    [0, 1, 2, 4, 5, 6].map((i) => whole.data[i]),
    1e-15,
  );
});

test("an operator for pictures of other channels is refused", () => {
  expect(() => latentOperator({ ...pixelOperator, domain: [1, 3, 2, 4] }, autoencoder)).toThrow(
    "matrix after the decoder: expected pictures of 1 channels, got [1, 3, 2, 4]",
  );
});

describe("a linear decoder and a Gaussian prior reproduce the pixel solver with A·W", () => {
  const cases: [string, Solver<never>, Record<string, unknown>][] = [
    ["DPS", dps as Solver<never>, { steps: 12, zeta: 0.4, clip: false, anySize: true }],
    ["RED-Diff", redDiff as Solver<never>, { steps: 25, lr: 0.05 }],
    ["MPGD", mpgd as Solver<never>, { steps: 12, zeta: 0.3, clip: false }],
    ["MPGD, bounded", mpgd as Solver<never>, { steps: 12, zeta: 10, clip: false, bounded: true }],
    ["DAPS, Langevin", daps as Solver<never>, { steps: 6, odeSteps: 2, inner: 4, tau: 0.1, limit: 1 }],
    ["DAPS, HMC", daps as Solver<never>, { steps: 6, odeSteps: 2, inner: 4, tau: 0.1, limit: 0.5, sampler: "hmc" }],
    ["DAPS, exact", daps as Solver<never>, { steps: 6, odeSteps: 2, tau: "sigmaY", sampler: "exact" }],
    ["VML-MAP", vmlMap as Solver<never>, { steps: 5, inner: 4, sigmaMax: 5 }],
    ["VML-MAP, conjugate gradients", vmlMap as Solver<never>, { steps: 4, inner: 3, sigmaMax: 5, precondition: "cg" }],
    ["VML-MAP, data", vmlMap as Solver<never>, { steps: 4, inner: 3, sigmaMax: 5, precondition: "data" }],
    ["VML-MAP, traces", vmlMap as Solver<never>, { steps: 4, inner: 2, sigmaMax: 5, traces: true }],
  ];

  test.each(cases)("%s, in float64", (_, solver, options) => {
    const common = { options, denoise, sigmaY, y, start };
    const pixel = solveInFloat64({ ...common, solver, operator: vector }, 2, 3);
    const inLatents = solveInFloat64({ ...common, solver, operator: latent }, 2, 3);
    expectClose(inLatents, pixel, 1e-9);
    expect(pixel.some((v) => Math.abs(v - pixel[0]) > 1e-3)).toBe(true);
  });

  test.each(cases.filter(([name]) => name.startsWith("VML")))("%s, linearised at each step", (_, solver, options) => {
    const common = { options, denoise, sigmaY, y, start };
    const pixel = solveInFloat64({ ...common, solver, operator: vector }, 2, 3);
    // Said to be non-linear: every adjoint is then one of the Jacobian at D.
    const operator = { ...latent, linear: false };
    expectClose(solveInFloat64({ ...common, solver: linearised(solver), operator }, 2, 3), pixel, 1e-9);
  });
});

test("a curved measurement is solved to its own residual by linearised VML-MAP", () => {
  // A(x) = W z + 0.1 (W z)², monotonous around the solution: y has a preimage and little noise.
  const operator: Operator = {
    ...latentOperator(pixelOperator, autoencoder, 1.7),
    linear: false,
    apply(z) {
      const linear = latentOperator(pixelOperator, autoencoder).apply(z);
      return linear.add(linear.square().mul(0.1));
    },
  };
  const options = { steps: 10, inner: 20, sigmaMax: 5, sigmaMin: 0.02 };
  const z = solveInFloat64({ solver: linearised(vmlMap), options, operator, denoise, sigmaY: 0.01, y, start });
  const [fitted] = evaluate([operator.apply(constant(z, [1, 2, 1, 2], "float32"))]);
  expectClose(fitted.data, y, 0.02);
});

test("VML-MAP behind a curved decoder can step by the slope where it stands", () => {
  const curved = { ...autoencoder, linear: false, decode: (z: Tensor) => autoencoder.decode(z.add(z.sin().mul(0.6))) };
  const z = [0.5, -0.3, 0.8, 0.1];
  const sigma = 0.8;
  const measured = (at: readonly number[]) =>
    Array.from(evaluate([pixelOperator.apply(curved.decode(constant([...at], [1, 2, 1, 2], "float32")))])[0].data);
  const d = Array.from(evaluate([denoise(constant(z, [1, 2, 1, 2]), constant(sigma))])[0].data);
  // J = A ∂decode/∂z at D by central differences, and its largest singular value, squared.
  const h = 1e-5;
  const columns = d.map((_, j) => {
    const at = (s: number) => measured(d.map((v, i) => (i === j ? v + s * h : v)));
    const [up, down] = [at(1), at(-1)];
    return up.map((v, i) => (v - down[i]) / (2 * h));
  });
  let v = [1, 1, 1];
  let slope = 0;
  for (let k = 0; k < 500; k++) {
    const w = columns.map((c) => c.reduce((s, x, i) => s + x * v[i], 0));
    const next = v.map((_, i) => columns.reduce((s, c, j) => s + c[i] * w[j], 0));
    slope = Math.hypot(...next) / Math.hypot(...v);
    v = next.map((x) => x / Math.hypot(...next));
  }
  const step = (normSquared: number, powerSteps: number) =>
    prepare(
      {
        solver: linearised(vmlMap),
        operator: latentOperator({ ...pixelOperator, normSquared }, curved),
        denoise,
        sigmaY,
        y,
        options: { powerSteps },
      },
      1,
    ).step({ kind: "descend", sigma, scalars: { sigma, next: 0 } }, { x: z }, (_, n) => new Float64Array(n), [
      "next.x",
    ])["next.x"];
  expectClose(step(99, 200), step(slope, 0), 1e-7);
  const [few, far] = [step(99, 3), step(99, 0)];
  const moved = (to: ArrayLike<number>) => Math.hypot(...Array.from(to, (x, i) => x - z[i]));
  expect(moved(few)).toBeGreaterThan(5 * moved(far)); // the bound of 99 is far too large
});
