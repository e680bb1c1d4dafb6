import fc from "fast-check";
import { smoothNetwork } from "./network-model.ts";

/** How to draw an operator of one kind for the property suite. */
export interface Sample {
  readonly options: fc.Arbitrary<Record<string, unknown>>;
  /** Channels that x may have; 1 and 3 by default. */
  readonly channels?: readonly number[];
  /** Sides of x are at least and at most this long; 1 and 13 by default. */
  readonly sides?: readonly [least: number, most: number];
}

const seed = fc.integer({ min: 0, max: 1000 });
const fraction = fc.double({ min: 0.05, max: 0.95, noNaN: true });
const rounding = fc.constantFrom("straight-through", "smooth", "exact");
const record = (fields: Record<string, fc.Arbitrary<unknown>>) => fc.record(fields) as Sample["options"];

const odd = fc.integer({ min: 0, max: 4 }).map((k) => 2 * k + 1);
const std = fc.double({ min: 0.3, max: 4, noNaN: true });
const angle = fc.integer({ min: -180, max: 180 });
const kernel = fc.oneof(
  fc.record({ type: fc.constant("gaussian"), std, size: odd, dropLastTap: fc.constant(false) }),
  fc.record({ type: fc.constant("gaussian"), std, size: fc.constant(5), dropLastTap: fc.constant(true) }),
  fc.record({ type: fc.constant("anisotropic"), std, across: std, angle, size: odd }),
  fc.record({
    type: fc.constant("anisotropic"),
    std,
    across: std,
    size: fc.constant(9),
    dropLastTap: fc.constant(true),
  }),
  fc.record({ type: fc.constant("uniform"), size: fc.constantFrom(3, 9), dropLastTap: fc.boolean() }),
  fc.record({ type: fc.constant("motion"), length: fc.integer({ min: 0, max: 9 }), angle }),
  fc.record({ type: fc.constant("trajectory"), size: odd, intensity: fraction, seed }),
);

const mask = fc.oneof(
  fc.record({ type: fc.constant("random"), missing: fraction, seed }),
  fc.record({ type: fc.constant("free-form"), missing: fraction, seed }),
  fc.record({ type: fc.constant("random-box"), width: fc.constant(1), height: fc.constant(1), seed }),
  fc.record({ type: fc.constant("expand"), known: fraction }),
  fc.record({ type: fc.constant("half"), side: fc.constantFrom("left", "right", "top", "bottom") }),
);

const kSpace = record({
  pattern: fc.constantFrom("random", "equispaced", "gaussian", "gaussian-2d", "poisson"),
  acceleration: fc.integer({ min: 1, max: 8 }),
  centre: fc.constantFrom(0, 0.08, 0.3),
  seed,
  coils: fc.integer({ min: 1, max: 3 }),
});

/** One entry for each registered kind: a kind without one fails the suite. */
export const samples: Readonly<Record<string, Sample>> = {
  inpaint: { options: record({ mask }) },
  "super-resolution": {
    options: record({
      scale: fc.integer({ min: 1, max: 5 }),
      kernel: fc.constantFrom("box", "bicubic", "bicubic-ddrm", "bicubic-pillow"),
      cutoff: fc.constantFrom(0, 3e-2),
    }),
  },
  blur: { options: record({ kernel, border: fc.constantFrom("circular", "reflect", "zero") }) },
  colorize: { options: record({ weights: fc.constantFrom("mean", "luma") }), channels: [3] },
  denoise: { options: fc.constant({}) },
  complex: { options: fc.constant({}) },
  composition: {
    options: record({
      steps: fc.tuple(
        fc.constantFrom(
          { name: "blur", kernel: { type: "motion", length: 4, angle: 30 } },
          { name: "inpaint", mask: { type: "random", missing: 0.3, seed: 1 } },
          { name: "hdr" },
        ),
        fc.constantFrom({ name: "super-resolution", scale: 2 }, { name: "compressed-sensing", ratio: 0.5, seed: 2 }),
      ),
    }),
  },
  "compressed-sensing": { options: record({ ratio: fraction, seed, mean: fc.boolean() }), sides: [1, 16] },
  "block-compressed-sensing": { options: record({ ratio: fraction, seed, block: fc.integer({ min: 1, max: 9 }) }) },
  hdr: { options: record({ gain: fc.double({ min: 0.5, max: 4, noNaN: true }) }) },
  quantize: { options: record({ bits: fc.integer({ min: 1, max: 8 }), rounding }) },
  jpeg: {
    options: record({
      quality: fc.integer({ min: 1, max: 100 }),
      subsampling: fc.constantFrom("4:2:0", "4:4:4"),
      rounding,
    }),
    sides: [1, 20],
  },
  ct: {
    options: record({
      angles: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.array(angle, { minLength: 1, maxLength: 4 })),
      circle: fc.boolean(),
      unit: fc.constantFrom("detector", "pixel"),
      filter: fc.constantFrom("ramp", "hann"),
    }),
  },
  mri: { options: kSpace },
  "mri-complex": { options: kSpace, channels: [2] },
  "phase-retrieval": {
    options: record({ oversample: fc.constantFrom(0, 1, 2), values: fc.constantFrom("signed", "unit") }),
  },
  "nonlinear-blur": {
    options: record({
      kernel,
      gain: fc.double({ min: 0.5, max: 3, noNaN: true }),
      border: fc.constantFrom("circular", "reflect", "zero"),
    }),
  },
  network: {
    options: record({ model: fc.constant(smoothNetwork()), values: fc.constantFrom("signed", "unit") }),
  },
};
