import { describe, expect, it } from "vitest";
import { createOperator } from "../../src/operators/index.ts";
import { nonlinearBlur } from "../../src/operators/nonlinear-blur.ts";
import { constant, evaluate, gradient, type Tensor } from "../../src/tensor/index.ts";
import { expectClose } from "../helpers/close.ts";
import { smoothNetwork } from "./network-model.ts";

const value = (t: Tensor) => evaluate([t])[0].data;
const flat = (v: number, shape: readonly number[]) => constant(v, shape, "float32");
const sRgb = (l: number) => (l <= 0.0031308 ? 12.92 * l : 1.055 * l ** (1 / 2.4) - 0.055);
const light = (u: number) => (u <= 0.04045 ? u / 12.92 : ((u + 0.055) / 1.055) ** 2.4);

describe("nonlinear-blur", () => {
  const domain = [1, 1, 16, 16];

  it.each([-0.95, -0.3, 0.2])("exposes a flat picture of %d by its gain, in light", (x) => {
    const y = value(nonlinearBlur({ gain: 1.5 }, domain).apply(flat(x, domain)));
    const expected = 2 * sRgb(Math.min(1, 1.5 * light((x + 1) / 2))) - 1;
    // The two ends of the sRGB curve meet within 1e-6.
    expectClose(y, new Array(256).fill(expected), 2e-5);
  });

  it("lets bright points spread farther than their picture values do", () => {
    const data = new Float64Array(256).fill(-1);
    data[8 * 16 + 8] = 1;
    const y = value(
      nonlinearBlur({ gain: 1, kernel: { type: "uniform", size: 3 } }, domain).apply(constant(data, domain, "float32")),
    );
    // A ninth of the light is more than a third of the way up the scale.
    expectClose([y[8 * 16 + 8], y[7 * 16 + 7]], new Array(2).fill(2 * sRgb(1 / 9) - 1), 1e-6);
  });

  it("has no derivative where the sensor is full, and one elsewhere", () => {
    const operator = nonlinearBlur({ gain: 4 }, domain);
    const slope = (at: number) => {
      const x = flat(at, domain);
      return value(gradient(operator.apply(x).sum(), [x])[0]);
    };
    expect(slope(0.9).every((v) => v === 0)).toBe(true);
    expect(slope(-0.7).every((v) => v > 0)).toBe(true);
  });

  it("has mid grey beyond a border of zeros", () => {
    const operator = nonlinearBlur({ gain: 1, border: "zero", kernel: { type: "uniform", size: 3 } }, domain);
    expectClose(value(operator.apply(flat(0, domain))), new Array(256).fill(0), 1e-6);
  });
});

describe("network", () => {
  it("measures as the network says, on its own scale", () => {
    const model = smoothNetwork();
    const domain = [1, 1, 3, 3];
    const x = constant(Float64Array.of(1, 0, 0, 0, 0, 0, 0, 0, -1), domain, "float32");
    const signed = value(createOperator({ name: "network", model }, { domain }).apply(x));
    // Mean over 3×3 with zeros outside, then tanh.
    expectClose([signed[0], signed[4]], [Math.tanh(1 / 9), 0], 1e-12);
    const unit = value(createOperator({ name: "network", model, values: "unit" }, { domain }).apply(x));
    expectClose([unit[4]], [2 * Math.tanh(0.5) - 1], 1e-12);
  });

  it("says what is wrong with a model", () => {
    const make = (spec: object) => () => createOperator({ name: "network", ...spec }, { domain: [1, 1, 4, 4] });
    expect(make({ model: "nowhere.onnx" })).toThrow(/nowhere\.onnx: expected an existing model, got no such file/);
    expect(make({ model: smoothNetwork(), output: "z" })).toThrow(/expected an output z, got y/);
  });
});
