import { describe, expect, it } from "vitest";
import { compare, referenceFor, slicedWasserstein } from "../../../src/bench/exact/compare.ts";
import { highestMode } from "../../../src/bench/exact/map.ts";
import { type Points, sampleMixture } from "../../../src/bench/exact/sampling.ts";
import { exactMoments, exactPosterior, gaussian, type Mixture } from "../../../src/priors/exact.ts";
import { G2, M1 } from "../../helpers/problems.ts";

const posterior = exactPosterior(G2.prior, G2.measurement);
const reference = referenceFor(posterior, sampleMixture(posterior, 4000, 1));
const moved = (points: Points, by: (v: number, axis: number) => number): Points => ({
  ...points,
  data: points.data.map((v, i) => by(v, i % points.dimension)),
});
const cloud = sampleMixture(posterior, 4000, 2);
const spread = Math.sqrt(0.0259366 + 0.0835735);

describe("a cloud against the posterior of G2", () => {
  it("finds nothing wrong with exact samples", () => {
    const { meanError, covarianceError, slicedWasserstein: distance, mapError, coverage } = compare(cloud, reference);
    expect(meanError).toBeLessThan(0.05);
    expect(covarianceError).toBeLessThan(0.07);
    expect(distance).toBeLessThan(0.08);
    expect(mapError).toBeCloseTo(1, 1);
    expect(coverage).toBeCloseTo(0.9, 1);
  });
  it("measures a shift in units of the spread", () => {
    const shifted = compare(
      moved(cloud, (v, axis) => v + (axis === 0 ? 3 * spread : 0)),
      reference,
    );
    expect(shifted.meanError).toBeCloseTo(3, 1);
    const along = reference.directions.filter((_, i) => i % 2 === 0); // what the directions see of the first axis
    const seen = Math.sqrt(along.reduce((sum, d) => sum + d * d, 0) / along.length);
    const expected = (3 * spread * seen) / Math.sqrt(spread ** 2 / 2);
    expect(Math.abs(shifted.slicedWasserstein / expected - 1)).toBeLessThan(0.03);
    expect(shifted.covarianceError).toBeLessThan(0.07);
  });
  it("measures a cloud that is too wide", () => {
    const mean = [1.11815562, 0.15417867];
    const wide = compare(
      moved(cloud, (v, axis) => mean[axis] + 2 * (v - mean[axis])),
      reference,
    );
    expect(wide.covarianceError).toBeCloseTo(3, 0);
    expect(wide.coverage).toBeGreaterThan(0.99);
    expect(wide.meanError).toBeLessThan(0.1);
  });
  it("knows a point at the MAP", () => {
    const point = {
      count: 50,
      dimension: 2,
      data: Float64Array.from({ length: 100 }, (_, i) => posterior.means[0][i % 2]),
    };
    expect(compare(point, reference)).toMatchObject({ mapError: 0, coverage: 0 });
    expect(compare(point, reference).covarianceError).toBeCloseTo(1, 9);
  });
  it("is unbiased: few samples do not look worse than many", () => {
    const few = referenceFor(posterior, sampleMixture(posterior, 10, 1), 1);
    const squares = Array.from({ length: 200 }, (_, k) => compare(sampleMixture(posterior, 40, 10 + k), few).meanError);
    // the plain estimate would be √(1/40) = 0.16 in each of them; half of these are exactly 0
    expect(squares.filter((e) => e === 0).length).toBeGreaterThan(60);
  });
});

describe("the sliced Wasserstein distance", () => {
  const line = (...data: number[]): Points => ({ count: data.length, dimension: 1, data: Float64Array.from(data) });
  const one = Float64Array.from([1]);
  it("is the distance of sorted points on a line", () => {
    expect(slicedWasserstein(line(3, 1), line(2, 4), one)).toBeCloseTo(1, 12);
    expect(slicedWasserstein(line(0, 0), line(3, -4), one)).toBeCloseTo(Math.sqrt(12.5), 12);
  });
  it("takes clouds of different sizes", () => {
    expect(slicedWasserstein(line(1), line(0, 2), one)).toBeCloseTo(1, 12);
    expect(slicedWasserstein(line(0, 3), line(0, 0, 3), one)).toBeCloseTo(Math.sqrt(9 / 6), 12);
  });
  it("is that of two Gaussians in closed form", () => {
    const [a, b] = [sampleMixture(gaussian([0], [[1]]), 20_000, 1), sampleMixture(gaussian([1], [[4]]), 20_000, 2)];
    expect(slicedWasserstein(a, b, one)).toBeCloseTo(Math.SQRT2, 1); // √((m−m')² + (s−s')²)
  });
});

describe("the highest mode", () => {
  it.each([
    [0.4, 0.6, 0.8082],
    [-0.2, 0.6, 0.5205],
    [-0.3, 1.5, 0.8755],
  ])("of M1 at y = %f, σ_y = %f", (y, sigmaY, mode) => {
    const [x] = highestMode(exactPosterior(M1.prior, { A: [[0.8]], sigmaY, y: [y] }));
    expect(Math.abs(x - mode)).toBeLessThan(1.5e-3);
  });
  it("has no slope", () => {
    const mixture: Mixture = {
      weights: [0.6, 0.4],
      means: [
        [0, 0],
        [1, 0.5],
      ],
      covariances: [
        [
          [0.5, 0.1],
          [0.1, 0.3],
        ],
        [
          [0.2, 0],
          [0, 0.4],
        ],
      ],
    };
    for (const slope of exactMoments(mixture, highestMode(mixture), 0).score)
      expect(Math.abs(slope)).toBeLessThan(1e-9);
  });
});
