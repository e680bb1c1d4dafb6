import { composition, createOperator, maskBits, type Operator } from "../operators/index.ts";
import type { Planes } from "./planes.ts";

/** Values this close to black or white may be outliers: half a level of 8 bits. */
const EXTREME = 1 - 1 / 255;
/** An outlier differs from the median around it by more than this, on the [-1, 1] scale. */
const CONTRAST = 0.1;
/** The median is taken over (2·RADIUS + 1)² values. */
const RADIUS = 2;

/**
 * The salt and pepper of a measurement: values that are black or white although those around them (the median of 5×5) are
 * not. What is really white or black over an area is left alone.
 * @returns 1 = outlier, in the order of the data
 */
export function findOutliers({ shape: [channels, height, width], data }: Planes): Uint8Array {
  const out = new Uint8Array(data.length);
  const around: number[] = [];
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const i = (c * height + y) * width + x;
        if (Math.abs(data[i]) < EXTREME) continue;
        around.length = 0;
        for (let v = Math.max(0, y - RADIUS); v <= Math.min(height - 1, y + RADIUS); v++)
          for (let u = Math.max(0, x - RADIUS); u <= Math.min(width - 1, x + RADIUS); u++)
            around.push(data[(c * height + v) * width + u]);
        around.sort((a, b) => a - b);
        const median = around[around.length >> 1];
        if (Math.abs(data[i] - median) > CONTRAST) out[i] = 1;
      }
  return out;
}

/**
 * An operator that does not see the outliers of its measurement, which become 0 in `y`: they are missing, and filling them
 * is inpainting.
 */
export function withoutOutliers(operator: Operator, y: Float32Array, outliers: Uint8Array): Operator {
  const [, , height, width] = operator.range;
  for (let i = 0; i < y.length; i++) if (outliers[i]) y[i] = 0;
  const mask = maskBits(
    outliers.map((o) => 1 - o),
    height,
    width,
  );
  const seen = createOperator({ name: "inpaint", mask }, { domain: operator.range });
  return operator.name === "denoise" ? seen : composition([operator, seen]);
}
