import { describe, expect, test } from "vitest";
import { boxMuller } from "../../src/random/box-muller.ts";
import { normals, rademacher, uniforms } from "../../src/random/numbers.ts";
import { words } from "../../src/random/stream.ts";
import { erf } from "../../src/tensor/erf.ts";
import { expectClose } from "../helpers/close.ts";

const moments = (x: ArrayLike<number>) => {
  const list = Array.from(x);
  const power = (p: number) => list.reduce((s, v) => s + v ** p, 0) / list.length;
  return [power(1), power(2), power(3), power(4)];
};

/** Largest distance between the empirical distribution and `cdf` (Kolmogorov-Smirnov), times √n. */
const distance = (x: ArrayLike<number>, cdf: (v: number) => number) => {
  const sorted = Float64Array.from(x).sort();
  const n = sorted.length;
  return Math.sqrt(n) * sorted.reduce((d, v, i) => Math.max(d, (i + 1) / n - cdf(v), cdf(v) - i / n), 0);
};

const correlation = (a: Float32Array, b: Float32Array) => a.reduce((s, v, i) => s + v * b[i], 0) / Math.sqrt(a.length);

describe("boxMuller", () => {
  test("agrees with the formula to 1e-14, extreme words included", () => {
    const source = words({ seed: 8, purpose: "test" }, 5000);
    source.set([0, 0, 0, 0xffffffff, 0xffffffff, 0, 0xffffffff, 0xffffffff, 1, 0x40000000, 0xb504f333, 0x80000000]);
    const got = new Float64Array(source.length);
    boxMuller(source, got);
    const wanted = new Float64Array(source.length);
    for (let i = 0; i < source.length; i += 2) {
      const radius = Math.sqrt(-2 * Math.log((source[i] + 0.5) / 2 ** 32));
      const angle = (2 * Math.PI * (source[i + 1] + 0.5)) / 2 ** 32;
      wanted[i] = radius * Math.cos(angle);
      wanted[i + 1] = radius * Math.sin(angle);
    }
    expectClose(got, wanted, 1e-14);
  });
});

describe("normals", () => {
  const stream = { seed: 20261122, sample: 2, step: 5, purpose: "noise" };

  test("never change: first numbers of a stream", () => {
    // Python: the words by a big-integer Philox, then sqrt(-2 log u) cos/sin(2 pi v), rounded to float32
    expect([...normals({ seed: 0, purpose: "" }, 5)]).toEqual([
      0.23325027525424957, -2.0117385387420654, -1.527628779411316, -0.3849492073059082, 0.598704993724823,
    ]);
  });

  test("do not depend on how many are asked for", () => {
    const all = normals(stream, 1000);
    for (const n of [0, 1, 2, 3, 5, 127, 999]) expect(normals(stream, n)).toEqual(all.slice(0, n));
  });

  test("of a picture do not depend on the batch it is in", () => {
    const batch = [0, 1, 2].map((sample) => normals({ ...stream, sample }, 64));
    expect(normals({ ...stream, sample: 1 }, 64)).toEqual(batch[1]);
    expect(batch[0]).not.toEqual(batch[1]);
  });

  test("have the moments and the distribution of N(0, 1)", () => {
    const n = 400_000;
    const x = normals(stream, n);
    const [m1, m2, m3, m4] = moments(x);
    // Standard errors of the four moments are √(1, 2, 15, 96 / n).
    expect(Math.abs(m1)).toBeLessThan(4 * Math.sqrt(1 / n));
    expect(Math.abs(m2 - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    expect(Math.abs(m3)).toBeLessThan(4 * Math.sqrt(15 / n));
    expect(Math.abs(m4 - 3)).toBeLessThan(4 * Math.sqrt(96 / n));
    expect(distance(x, (v) => 0.5 * (1 + erf(v / Math.SQRT2)))).toBeLessThan(1.95); // p = 0.001
  });

  test("are uncorrelated with neighbours and with neighbouring streams", () => {
    const n = 100_000;
    const x = normals(stream, n);
    const others = [
      normals({ ...stream, step: 6 }, n),
      normals({ ...stream, sample: 3 }, n),
      normals({ ...stream, seed: stream.seed + 1 }, n),
      normals({ ...stream, purpose: "start" }, n),
      ...[1, 2, 3, 4].map((lag) => Float32Array.from(x, (_, i) => x[(i + lag) % n])),
    ];
    for (const other of others) expect(Math.abs(correlation(x, other))).toBeLessThan(4);
  });
});

describe("uniforms", () => {
  test("lie strictly between 0 and 1 and are uniform", () => {
    const x = uniforms({ seed: 4, purpose: "u" }, 200_000);
    expect(x.every((v) => v > 0 && v < 1)).toBe(true);
    expect(distance(x, (v) => v)).toBeLessThan(1.95);
    expect(uniforms({ seed: 4, purpose: "u" }, 3)).toEqual(x.slice(0, 3));
  });
});

describe("rademacher", () => {
  test("gives fair independent signs", () => {
    const n = 200_000;
    const x = rademacher({ seed: 4, purpose: "probe" }, n);
    expect(x.every((v) => Math.abs(v) === 1)).toBe(true);
    expect(Math.abs(x.reduce((s, v) => s + v, 0)) / Math.sqrt(n)).toBeLessThan(4);
    for (const lag of [1, 2, 31, 32, 128])
      expect(
        Math.abs(
          correlation(
            x,
            Float32Array.from(x, (_, i) => x[(i + lag) % n]),
          ),
        ),
      ).toBeLessThan(4);
    expect(rademacher({ seed: 4, purpose: "probe" }, 33)).toEqual(x.slice(0, 33));
  });
});
