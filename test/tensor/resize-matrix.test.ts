import { describe, expect, it } from "vitest";
import { type AxisResize, resizeMatrix } from "../../src/tensor/resize-matrix.ts";

const plain: AxisResize = {
  from: 4,
  to: 8,
  scale: 2,
  mode: "linear",
  coordinates: "half_pixel",
  nearest: "floor",
  cubicA: -0.75,
  antialias: false,
  excludeOutside: false,
};
const applied = (options: Partial<AxisResize>, x: number[]) => {
  const o = { ...plain, from: x.length, ...options };
  const m = resizeMatrix({ ...o, scale: options.scale ?? o.to / x.length });
  return Array.from({ length: o.to }, (_, i) => x.reduce((s, v, k) => s + v * m[i * x.length + k], 0));
};
const close = (a: number[], b: number[]) => {
  expect(a.length).toBe(b.length);
  a.forEach((v, i) => void expect(v).toBeCloseTo(b[i], 6));
};

describe("resizing one axis", () => {
  it("linear, half-pixel centres", () => {
    // torch.nn.functional.interpolate(x, scale_factor=2, mode="linear")
    close(applied({}, [1, 2, 3, 4]), [1, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4]);
  });
  it("linear, aligned corners", () => {
    close(applied({ to: 7, coordinates: "align_corners" }, [1, 2, 3, 4]), [1, 1.5, 2, 2.5, 3, 3.5, 4]);
  });
  it("cubic", () => {
    // weights of Keys' kernel at distances 1.25, 0.25, 0.75, 1.75 for a = -0.75
    const [p, q, r, s] = [-0.10546875, 0.87890625, 0.26171875, -0.03515625];
    close(applied({ mode: "cubic" }, [0, 0, 1, 0]).slice(1, 6), [s, p, r, q, q]);
    expect(p + q + r + s).toBeCloseTo(1, 12);
  });
  it("nearest", () => {
    expect(applied({ mode: "nearest", coordinates: "asymmetric", to: 6 }, [1, 2, 3])).toEqual([1, 1, 2, 2, 3, 3]);
    expect(applied({ mode: "nearest", coordinates: "asymmetric", to: 2 }, [1, 2, 3, 4])).toEqual([1, 3]);
  });
  it("shrinking with antialiasing averages over the wider kernel", () => {
    // onnx backend test resize_downsample_scales_linear_antialias, one axis of it
    close(applied({ to: 2, scale: 0.6, antialias: true }, [1, 2, 3, 4]), [1.375, 3.0]);
    // torch.nn.functional.interpolate(x, size=2, mode="bilinear", antialias=True)
    close(applied({ to: 2, antialias: true, excludeOutside: true }, [1, 2, 3, 4]), [1.71428571, 3.28571429]);
  });
  it.each(["linear", "cubic"] as const)("%s keeps constants", (mode) => {
    for (const to of [1, 3, 5, 11])
      for (const antialias of [false, true])
        close(applied({ mode, to, antialias }, [2, 2, 2, 2, 2]), new Array(to).fill(2));
  });
});
