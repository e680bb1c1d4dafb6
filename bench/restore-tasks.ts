import { createOperator, type Operator, type OperatorSpec } from "../src/operators/index.ts";

/** One way of damaging a picture. `sigma` is the noise on the [-1, 1] scale. */
export interface BenchTask {
  readonly name: string;
  readonly sigma: number;
  operator(height: number, width: number): Operator;
}

const task = (name: string, sigma: number, spec: (h: number, w: number) => OperatorSpec): BenchTask => ({
  name,
  sigma,
  operator: (h, w) => createOperator(spec(h, w), { domain: [1, 3, h, w] }),
});

const third = (h: number, w: number) => ({
  type: "box",
  top: Math.round(h / 3),
  left: Math.round(w / 3),
  height: Math.round(h / 3),
  width: Math.round(w / 3),
});

/** 0.01 on the 0..1 scale: a photograph's own noise. */
const photo = 0.02;
const eightBit = (level: number) => (2 * level) / 255;

export const benchTasks: readonly BenchTask[] = [
  task("inpaint box (1/9 missing)", photo, (h, w) => ({ name: "inpaint", mask: third(h, w) })),
  task("inpaint random (70% missing)", photo, () => ({
    name: "inpaint",
    mask: { type: "random", missing: 0.7, seed: 1 },
  })),
  task("super-resolution x2", photo, () => ({ name: "super-resolution", scale: 2 })),
  task("super-resolution x4", photo, () => ({ name: "super-resolution", scale: 4 })),
  task("deblur gaussian (std 2)", photo, () => ({ name: "blur", kernel: { type: "gaussian", std: 2 } })),
  task("deblur motion (15 px, 30°)", photo, () => ({
    name: "blur",
    kernel: { type: "motion", length: 15, angle: 30 },
  })),
  task("denoise 15", eightBit(15), () => ({ name: "denoise" })),
  task("denoise 25", eightBit(25), () => ({ name: "denoise" })),
  task("denoise 50", eightBit(50), () => ({ name: "denoise" })),
];
