import { describe, expect, it } from "vitest";
import { createImage, createMask, seamOf } from "../../src/pictures/index.ts";

const row = (values: readonly number[], missing: readonly number[]) =>
  seamOf(
    createImage(values.length, 1, 1, Float32Array.from(values)),
    createMask(
      missing.length,
      1,
      Uint8Array.from(missing, (m) => 1 - m),
    ),
  );

describe("the seam of a hole", () => {
  it("compares the jumps across its border with those one pixel further in and out", () => {
    //                      known .1 | hole: .4 to .45, .02, .2 | known
    const seam = row([0.2, 0.3, 0.7, 0.75, 0.65, 0.2, 0.25], [0, 0, 1, 1, 1, 0, 0]);
    expect(seam?.jump).toBeCloseTo((0.4 + 0.45) / 2, 6);
    expect(seam?.inside).toBeCloseTo((0.05 + 0.1) / 2, 6);
    expect(seam?.outside).toBeCloseTo((0.1 + 0.05) / 2, 6);
    expect(seam?.ratio).toBeCloseTo(0.425 / 0.075, 5);
    expect(seam?.visible).toBe(true);
  });

  it("is not seen where the neighbourhood jumps as much, or everything is smooth", () => {
    expect(row([0.2, 0.6, 0.2, 0.6, 0.2, 0.6], [0, 0, 1, 1, 0, 0])?.visible).toBe(false);
    const slight = row([0.5, 0.5, 0.503, 0.503, 0.5, 0.5], [0, 0, 1, 1, 0, 0]);
    expect(slight?.visible).toBe(false);
    expect(slight?.ratio).toBeGreaterThan(100); // nothing jumps but the border, by less than a level of 8 bits
  });

  it("is judged by its surroundings where a hole is one pixel wide", () => {
    const seam = row([0.2, 0.3, 0.8, 0.3, 0.2], [0, 0, 1, 0, 0]);
    expect(seam?.inside).toBe(0);
    expect(seam?.ratio).toBeCloseTo(5, 4);
  });

  it("looks along columns as along rows, and at all channels", () => {
    const [w, h] = [4, 6];
    const missing = Uint8Array.from({ length: w * h }, (_, i) =>
      Math.floor(i / w) >= 2 && Math.floor(i / w) < 4 ? 1 : 0,
    );
    const data = Float32Array.from({ length: 3 * w * h }, (_, i) =>
      missing[i % (w * h)] ? (i < w * h ? 0.9 : 0.6) : 0.3,
    );
    const seam = seamOf(
      createImage(w, h, 3, data),
      createMask(
        w,
        h,
        missing.map((m) => 1 - m),
      ),
    );
    expect(seam?.jump).toBeCloseTo((0.6 + 0.3 + 0.3) / 3, 6);
    expect(seam).toMatchObject({ inside: 0, outside: 0, visible: true });
  });

  it("there is none without a hole, or without anything known", () => {
    expect(row([0.1, 0.2, 0.3], [0, 0, 0])).toBeUndefined();
    expect(row([0.1, 0.2, 0.3], [1, 1, 1])).toBeUndefined();
  });
});
