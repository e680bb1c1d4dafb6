import { expect, test } from "vitest";
import { exactMoments, type Mixture } from "../../src/priors/exact.ts";
import { mixturePrior } from "../../src/priors/index.ts";
import { normals } from "../../src/random/index.ts";
import { curvature, probeLength } from "../../src/solvers/curvature.ts";
import { constant, evaluate, gradient, probe } from "../../src/tensor/index.ts";
import { expectClose } from "../helpers/close.ts";
import { M1 } from "../helpers/problems.ts";

const { denoise } = mixturePrior(M1.prior);
const sigma = 1; // ᾱ = ½
const level = constant(sigma, [], "float32");

/** E[T] over ε ~ N(0, 1) by the trapezoidal rule, at z on a line. */
function expectedTrace(z: number, kind: "unit" | "finite-difference", delta = 0.01): number {
  const nodes = Array.from({ length: 1201 }, (_, i) => -6 + i / 100);
  const at = constant(z, [nodes.length, 1, 1, 1], "float32");
  const eps = constant(nodes, [nodes.length, 1, 1, 1], "float32");
  const { trace } = curvature(denoise, at, level, probeLength(level, kind, delta), eps);
  const [{ data }] = evaluate([trace]);
  return nodes.reduce((sum, e, i) => sum + (data[i] * Math.exp((-e * e) / 2)) / Math.sqrt(2 * Math.PI) / 100, 0);
}

test.each([
  [-1, -0.5095, -0.767],
  [0, -0.2278, -0.7],
  [1, -1.3608, -1.073],
])("on a mixture at z_t = %f: the exact trace for a short probe, another for the paper's", (zt, exact, unit) => {
  const z = zt * Math.SQRT2; // variance exploding
  const { hessian } = exactMoments(M1.prior, [z], sigma);
  expect((1 + sigma ** 2) * hessian[0][0]).toBeCloseTo(exact, 4);
  expect(expectedTrace(z, "finite-difference")).toBeCloseTo(exact, 3);
  expect(Math.abs(expectedTrace(z, "unit") - unit)).toBeLessThan(0.02); // the figures are of a Monte-Carlo run
});

const plane: Mixture = {
  weights: [0.4, 0.6],
  means: [
    [1, 0.2],
    [-0.7, -0.4],
  ],
  covariances: [
    [
      [0.3, 0.1],
      [0.1, 0.2],
    ],
    [
      [0.15, 0],
      [0, 0.4],
    ],
  ],
};

test.each(["unit", "finite-difference"] as const)("its gradient agrees with central differences, %s", (kind) => {
  const prior = mixturePrior(plane);
  const probes = constant(normals({ seed: 2, purpose: "probe" }, 6), [1, 3, 1, 2], "float32"); // three of them
  const traceAt = (z: readonly number[]) => {
    const x = constant(z, [1, 1, 1, 2], "float32");
    return { x, trace: curvature(prior.denoise, x, level, probeLength(level, kind, 0.05), probes).trace };
  };
  const value = (z: readonly number[]) => evaluate([traceAt(z).trace])[0].data[0];
  const z = [0.3, -0.1];
  const { x, trace } = traceAt(z);
  const [{ data }] = evaluate(gradient(trace.sum(), [x]));
  const h = 1e-4;
  const differences = z.map((_, i) => {
    const moved = (by: number) => z.map((v, j) => (i === j ? v + by : v));
    return (value(moved(h)) - value(moved(-h))) / (2 * h);
  });
  expectClose(data, differences, 1e-6);
  expect(Math.abs(data[0])).toBeGreaterThan(1e-3);
});

test("point and probes go through the network in one call, whose rows are of one sample each", () => {
  const shapes: number[][] = [];
  const counting = (x: Parameters<typeof denoise>[0]) => {
    shapes.push([...x.shape]);
    return probe(x.sin(), "forward");
  };
  const z = constant(normals({ seed: 1, purpose: "z" }, 16), [2, 2, 2, 2], "float32");
  const eps = constant(normals({ seed: 2, purpose: "probe" }, 48), [2, 6, 2, 2], "float32");
  const both = curvature(counting, z, level, probeLength(level, "unit", 1), eps);
  expect(shapes).toEqual([[8, 2, 2, 2]]);
  const second = curvature(counting, z.narrow(0, 1, 1), level, probeLength(level, "unit", 1), eps.narrow(0, 1, 1));
  const [a, b] = evaluate([both.trace, second.trace]);
  expect(a.data[1]).toBeCloseTo(b.data[0], 12);
});
