import { expect, test } from "vitest";
import { createOperator } from "../../src/operators/index.ts";
import { normals } from "../../src/random/index.ts";
import { type BackProjection, encodedMeasurement } from "../../src/solvers/encoded-measurement.ts";
import type { Scope } from "../../src/solvers/solver.ts";
import { constant, evaluate } from "../../src/tensor/index.ts";
import { expectClose } from "../helpers/close.ts";
import { AD, autoencoder, latent, start, y } from "../helpers/linear-latent.ts";

function encoded(operator: Scope["operator"], measurement: readonly number[], how: BackProjection): Float64Array {
  const scope = {
    operator,
    y: constant(measurement, operator.range, "float32"),
    start: constant(start, [1, 2, 1, 2], "float32"),
  } as unknown as Scope;
  return evaluate([encodedMeasurement(scope, how)])[0].data as Float64Array;
}

test("the adjoint behind an encoder that is the decoder's transpose is (A·W)ᵀ y", () => {
  const wanted = AD[0].map((_, j) => AD.reduce((s, row, i) => s + row[j] * y[i], 0));
  expectClose(encoded(latent, y, "adjoint"), wanted, 1e-12);
});

test("the normalised adjoint has the gain of the picture", () => {
  const operator = createOperator({ name: "super-resolution", scale: 4 }, { domain: [1, 1, 8, 8] });
  const low = [0.5, -0.2, 0.1, 0.3];
  const [plain, normalised] = [encoded(operator, low, "adjoint"), encoded(operator, low, "normalised-adjoint")];
  [0, 7, 56, 63].forEach((pixel, i) => {
    expect(plain[pixel]).toBeCloseTo(low[i] / 16, 10);
    expect(normalised[pixel]).toBeCloseTo(low[i], 10);
  });
  expect([...encoded(operator, [0, 0, 0, 0], "normalised-adjoint")].every((v) => v === 0)).toBe(true);
});

test("the pseudo-inverse is encoded as a picture", () => {
  const operator = { ...latent };
  const x = normals({ seed: 4, purpose: "picture" }, 8);
  const withInverse = {
    ...operator,
    latent: operator.latent && {
      ...operator.latent,
      pictures: { ...operator.latent.pictures, pseudoInverse: () => constant(x, [1, 1, 2, 4], "float32") },
    },
  };
  const [wanted] = evaluate([autoencoder.encode(constant(x, [1, 1, 2, 4], "float32")).mean]);
  expectClose(encoded(withInverse, y, "pseudo-inverse"), wanted.data, 1e-12);
});

test("the first guess stands in for what an operator lacks", () => {
  expectClose(encoded(latent, y, "start"), start, 1e-15);
  expectClose(encoded(latent, y, "pseudo-inverse"), start, 1e-15); // this A has none
  const curved = latent.latent && {
    ...latent,
    latent: { ...latent.latent, pictures: { ...latent.latent.pictures, linear: false } },
  };
  if (curved) expectClose(encoded(curved, y, "adjoint"), start, 1e-15);
});
