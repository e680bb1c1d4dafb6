import { describe, expect, it } from "vitest";
import { createOperator, disturb } from "../../src/operators/index.ts";
import { findOutliers, withoutOutliers } from "../../src/restore/outliers.ts";
import { constant, evaluate } from "../../src/tensor/index.ts";

const [height, width] = [40, 50];
const ramp = Float32Array.from({ length: height * width }, (_, i) => 0.7 * Math.sin((i % width) / 12) - 0.1);

describe("findOutliers", () => {
  it("finds nearly all salt and pepper and nothing else", () => {
    for (const fraction of [0.02, 0.2]) {
      const data = disturb(ramp, { kind: "salt-pepper", fraction }, 3);
      const found = findOutliers({ shape: [1, height, width], data });
      const changed = data.map((v, i) => (v === ramp[i] ? 0 : 1));
      expect(found.some((o, i) => o === 1 && changed[i] === 0)).toBe(false);
      const missed = changed.filter((c, i) => c === 1 && !found[i]).length;
      expect(missed / changed.filter((c) => c === 1).length).toBeLessThan(0.02);
    }
  });

  it("leaves white and black areas alone, and each channel to itself", () => {
    const area = Float32Array.from({ length: 2 * height * width }, (_, i) =>
      i < height * width ? (i % width < 25 ? 1 : -1) : 0.5,
    );
    expect(findOutliers({ shape: [2, height, width], data: area }).some((o) => o === 1)).toBe(false);
    area[height * width + 333] = -1;
    const found = findOutliers({ shape: [2, height, width], data: area });
    expect(Array.from(found.keys()).filter((i) => found[i])).toEqual([height * width + 333]);
  });
});

describe("withoutOutliers", () => {
  const outliers = new Uint8Array(16);
  outliers[5] = 1;

  it("turns denoising into inpainting, and other operators into ones that do not see them", () => {
    const y = new Float32Array(16).fill(0.5);
    const domain = [1, 1, 4, 4];
    const seen = withoutOutliers(createOperator({ name: "denoise" }, { domain }), y, outliers);
    expect(seen.name).toBe("inpaint");
    expect(y[5]).toBe(0);
    const small = createOperator({ name: "super-resolution", scale: 2 }, { domain: [1, 1, 8, 8] });
    const part = withoutOutliers(small, new Float32Array(16).fill(0.5), outliers);
    const x = constant(new Float64Array(64).fill(0.5), [1, 1, 8, 8], "float32");
    const [{ data }] = evaluate([part.apply(x)]);
    expect(Array.from(data)).toEqual(Array.from({ length: 16 }, (_, i) => (i === 5 ? 0 : 0.5)));
  });
});
