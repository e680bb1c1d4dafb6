import type { OperatorSpec } from "../../src/operators/index.ts";

/** Operators over which the property suite runs: every form of every registered kind. */
export interface Case {
  readonly title: string;
  readonly spec: OperatorSpec;
  readonly domain: readonly number[];
}

const sizes = [
  [1, 1, 1, 1],
  [1, 3, 5, 7],
  [1, 1, 8, 6],
  [1, 3, 6, 6],
] as const;

const diagonalLine = { type: "motion", length: 4.3, angle: 30 };
const lopsided = { type: "array", height: 3, width: 4, values: [1, 2, 0, 3, 0, 5, 1, 0, 2, 0, 0, 1] };
/** Large and of no symmetry. */
const scattered = {
  type: "array",
  height: 11,
  width: 13,
  values: Array.from({ length: 143 }, (_, k) => ((k * 7919) % 13 === 0 ? 1 + (k % 5) : 0)),
};
const line = { type: "motion", length: 14, angle: 50 };

const kernels: Record<string, unknown> = {
  gaussian: { type: "gaussian", std: 1.2 },
  "one pixel": { type: "gaussian", std: 0.1 },
  "gaussian of 5 taps, quirk": { type: "gaussian", std: 10, size: 5, dropLastTap: true },
  "uniform of 9 taps": { type: "uniform", size: 9 },
  anisotropic: { type: "anisotropic", std: 3, across: 1, size: 9 },
  "anisotropic, turned": { type: "anisotropic", std: 2, across: 0.7, angle: 20, size: 5 },
  motion: diagonalLine,
  "long motion": line,
  lopsided,
  scattered,
};

/** Large enough a picture for a small kernel to be applied as a convolution. */
const larger: Case[] = (["reflect", "zero", "circular"] as const).map((border) => ({
  title: `blur, lopsided, ${border} [1×17×13]`,
  spec: { name: "blur", kernel: lopsided, border },
  domain: [1, 1, 17, 13],
}));

const specs: [string, OperatorSpec, channels?: number][] = [
  ["denoise", { name: "denoise" }],
  ["complex", { name: "complex" }],
  ["colorize by mean", { name: "colorize" }, 3],
  ["colorize by luma", { name: "colorize", weights: "luma" }, 3],
  ["inpaint, random", { name: "inpaint", mask: { type: "random", missing: 0.6, seed: 3 } }],
  ["inpaint, free-form", { name: "inpaint", mask: { type: "free-form", missing: 0.4, seed: 3 } }],
  ["compressed sensing", { name: "compressed-sensing", ratio: 0.3, seed: 5 }],
  ["compressed sensing, all", { name: "compressed-sensing", ratio: 1, seed: 5 }],
  ["block compressed sensing", { name: "block-compressed-sensing", ratio: 0.4, seed: 5, block: 4 }],
  ["block compressed sensing, one block", { name: "block-compressed-sensing", ratio: 0.4, seed: 5 }],
  ["inpaint, half", { name: "inpaint", mask: { type: "half", side: "right" } }],
  ["inpaint, nothing known", { name: "inpaint", mask: { type: "random", missing: 1, seed: 0 } }],
  ...[1, 2, 3, 4, 8].flatMap((scale): [string, OperatorSpec][] => [
    [`super-resolution ×${scale}, box`, { name: "super-resolution", scale }],
    [`super-resolution ×${scale}, bicubic`, { name: "super-resolution", scale, kernel: "bicubic" }],
  ]),
  ["super-resolution ×3, bicubic-ddrm", { name: "super-resolution", scale: 3, kernel: "bicubic-ddrm" }],
  ["super-resolution ×2, bicubic, exact", { name: "super-resolution", scale: 2, kernel: "bicubic", cutoff: 0 }],
  ["super-resolution ×2, bicubic-pillow", { name: "super-resolution", scale: 2, kernel: "bicubic-pillow" }],
  ...Object.entries(kernels).flatMap(([title, kernel]) =>
    (["reflect", "zero", "circular"] as const).map((border): [string, OperatorSpec] => [
      `blur, ${title}, ${border}`,
      { name: "blur", kernel, border },
    ]),
  ),
  ["blur, gaussian, no cutoff", { name: "blur", kernel: { type: "gaussian", std: 0.8 }, cutoff: 0 }],
  ["blur, lopsided, circular, no cutoff", { name: "blur", kernel: lopsided, border: "circular", cutoff: 0 }],
  ["ct, whole picture", { name: "ct", angles: 4 }],
  ["ct, circle", { name: "ct", angles: [10, 80, 135], circle: true, unit: "pixel", filter: "hann" }],
  ["mri, one coil, real", { name: "mri", pattern: "gaussian-2d", acceleration: 2 }],
  ["mri, lines, real", { name: "mri", seed: 2 }],
  ["mri, three coils, real", { name: "mri", coils: 3, acceleration: 2 }],
  [
    "blur, then reduce",
    {
      name: "composition",
      steps: [
        { name: "blur", kernel: { type: "gaussian", std: 1 } },
        { name: "super-resolution", scale: 2 },
      ],
    },
  ],
  [
    "mask, then blur, then grey",
    {
      name: "composition",
      steps: [
        { name: "inpaint", mask: { type: "random", missing: 0.3, seed: 1 } },
        { name: "blur", kernel: diagonalLine },
        { name: "colorize" },
      ],
    },
    3,
  ],
  [
    "reduce, then mask",
    {
      name: "composition",
      steps: [
        { name: "super-resolution", scale: 2, kernel: "bicubic" },
        { name: "inpaint", mask: { type: "random", missing: 0.5, seed: 2 } },
      ],
    },
  ],
];

const complex: Case[] = [1, 3].map((coils) => ({
  title: `mri-complex, coils: ${coils} [2×5×6]`,
  spec: { name: "mri-complex", coils, pattern: "poisson", acceleration: 2 },
  domain: [1, 2, 5, 6],
}));

export const cases: Case[] = larger.concat(
  complex,
  specs.flatMap(([title, spec, channels]) =>
    sizes
      .filter(([, c]) => channels === undefined || c === channels)
      .map((domain) => ({ title: `${title} [${domain.slice(1).join("×")}]`, spec, domain })),
  ),
);
