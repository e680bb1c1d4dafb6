import { describe, expect, it } from "vitest";
import { kernelOf } from "../../src/operators/index.ts";
import { trajectoryKernel } from "../../src/operators/trajectory.ts";

const moments = (k: { height: number; width: number; data: Float64Array }) => {
  let [sum, x, y] = [0, 0, 0];
  k.data.forEach((v, i) => {
    sum += v;
    x += v * (i % k.width);
    y += v * Math.floor(i / k.width);
  });
  return { sum, x: x / sum, y: y / sum };
};

describe("trajectoryKernel", () => {
  it("is a kernel of sum one whose centre of mass is the centre, the same for one seed", () => {
    for (let seed = 0; seed < 20; seed++) {
      const kernel = trajectoryKernel(31, 0.5, seed);
      const { sum, x, y } = moments(kernel);
      expect(kernel.data.every((v) => v >= 0)).toBe(true);
      expect(sum).toBeCloseTo(1, 12);
      expect(Math.hypot(x - 15, y - 15)).toBeLessThan(1e-6);
      expect(trajectoryKernel(31, 0.5, seed)).toEqual(kernel);
      expect(trajectoryKernel(31, 0.5, seed + 1)).not.toEqual(kernel);
    }
  });

  it("is a straight line at intensity 0", () => {
    for (let seed = 0; seed < 10; seed++) {
      const { data, width } = trajectoryKernel(41, 0, seed);
      let [xx, xy, yy] = [0, 0, 0];
      data.forEach((v, i) => {
        const [x, y] = [(i % width) - 20, Math.floor(i / width) - 20];
        xx += v * x * x;
        xy += v * x * y;
        yy += v * y * y;
      });
      // Across the line nothing but the tent of the interpolation is left.
      const across = (xx + yy) / 2 - Math.hypot((xx - yy) / 2, xy);
      expect(across).toBeLessThan(0.3);
    }
  });

  it("wanders the more the higher the intensity", () => {
    const spread = (intensity: number) => {
      let total = 0;
      for (let seed = 0; seed < 40; seed++) {
        const { data } = trajectoryKernel(61, intensity, seed);
        const largest = Math.max(...data);
        total += data.filter((v) => v > 0.05 * largest).length;
      }
      return total;
    };
    expect(spread(0.6)).toBeGreaterThan(spread(0));
  });

  it("works for a single pixel", () => {
    expect(Array.from(trajectoryKernel(1, 0.5, 3).data)).toEqual([1]);
  });
});

describe("DDRM's builder", () => {
  const row = (spec: Parameters<typeof kernelOf>[0]) => {
    const { data, width, height } = kernelOf(spec);
    const sums = Array.from({ length: width }, (_, j) =>
      Array.from({ length: height }, (_, i) => data[i * width + j]).reduce((a, b) => a + b),
    );
    return { data, width, height, sums };
  };

  it("loses the tap after the centre's last: 8 of 9 of a uniform blur, 4 of 5 of a Gaussian", () => {
    const uniform = kernelOf({ type: "uniform", size: 9, dropLastTap: true });
    expect(uniform.data.reduce((a, b) => a + b, 0)).toBeCloseTo((8 / 9) ** 2, 12);
    const whole = kernelOf({ type: "gaussian", std: 10, size: 5 });
    const cut = kernelOf({ type: "gaussian", std: 10, size: 5, dropLastTap: true });
    const lost = 1 - Math.exp(-4 / 200) / (1 + 2 * Math.exp(-1 / 200) + 2 * Math.exp(-4 / 200));
    expect(whole.data.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    expect(cut.data.reduce((a, b) => a + b, 0)).toBeCloseTo(lost ** 2, 12);
  });

  it("loses it along both axes of an anisotropic one, and only there", () => {
    const spec = { type: "anisotropic", std: 20, across: 1, angle: 0, size: 9 } as const;
    const { data, width } = row({ ...spec, dropLastTap: true });
    const { data: whole } = row(spec);
    data.forEach((v, i) => {
      const dropped = i % width === 0 || i < width;
      expect(v).toBeCloseTo(dropped ? 0 : whole[i], 15);
    });
    expect(() => kernelOf({ ...spec, angle: 30, dropLastTap: true })).toThrow(
      "expected an angle that is a multiple of 90",
    );
  });
});
