import type { BlurKernel } from "../restore/index.ts";
import { UsageError } from "./errors.ts";

/** A kernel that is not a file. */
export type NamedBlur = Exclude<BlurKernel, { type: "image" }>;

/**
 * The blurs of DDRM's experiments as its code builds them: separable, taps that stop one early, mid grey outside; and
 * RED-diff's Gaussian, which is DDRM's with another width.
 */
export const publishedBlurs: Readonly<Record<string, { kernel: NamedBlur; border: "zero" }>> = {
  "ddrm-gaussian": { kernel: { type: "gaussian", std: 10, size: 5, dropLastTap: true }, border: "zero" },
  "ddrm-uniform": { kernel: { type: "uniform", size: 9, dropLastTap: true }, border: "zero" },
  "ddrm-anisotropic": {
    kernel: { type: "anisotropic", std: 20, across: 1, angle: 0, size: 9, dropLastTap: true },
    border: "zero",
  },
  "red-diff-gaussian": { kernel: { type: "gaussian", std: 25, size: 5, dropLastTap: true }, border: "zero" },
};

export const kernelForms =
  "gaussian:STD, motion:LENGTH,ANGLE, uniform:SIZE, anisotropic:STD,ACROSS[,ANGLE], " +
  `trajectory:SIZE,INTENSITY[,SEED], ${Object.keys(publishedBlurs).join(", ")} or FILE.png`;

interface Form {
  readonly expected: string;
  /** Undefined for numbers that make no kernel. */
  readonly read: (numbers: readonly number[]) => NamedBlur | undefined;
}

const odd = (n: number) => Number.isInteger(n) && n % 2 === 1 && n > 0 && n <= 501;
const width = (n: number) => n > 0 && n <= 100;

const forms: Readonly<Record<string, Form>> = {
  gaussian: {
    expected: "gaussian:STD with STD above 0 and at most 100 pixels",
    read: ([std, ...rest]) => (rest.length === 0 && width(std) ? { type: "gaussian", std } : undefined),
  },
  motion: {
    expected: "motion:LENGTH,ANGLE with LENGTH above 0 and at most 500 pixels, ANGLE in degrees",
    read: ([length, angle, ...rest]) =>
      rest.length === 0 && length > 0 && length <= 500 && Number.isFinite(angle)
        ? { type: "motion", length, angle }
        : undefined,
  },
  uniform: {
    expected: "uniform:SIZE with an odd SIZE of at most 501 pixels",
    read: ([size, ...rest]) => (rest.length === 0 && odd(size) ? { type: "uniform", size } : undefined),
  },
  anisotropic: {
    expected: "anisotropic:STD,ACROSS[,ANGLE] with widths above 0 and at most 100 pixels, ANGLE in degrees",
    read: ([std, across, angle = 0, ...rest]) =>
      rest.length === 0 && width(std) && width(across) && Number.isFinite(angle)
        ? { type: "anisotropic", std, across, angle }
        : undefined,
  },
  trajectory: {
    expected: "trajectory:SIZE,INTENSITY[,SEED] with an odd SIZE of at most 501 pixels, INTENSITY from 0 to 1",
    read: ([size, intensity, seed = 0, ...rest]) =>
      rest.length === 0 && odd(size) && intensity >= 0 && intensity <= 1 && Number.isSafeInteger(seed) && seed >= 0
        ? { type: "trajectory", size, intensity, seed }
        : undefined,
  },
};

/** "gaussian:2", "motion:15,30", "ddrm-uniform", …; undefined for anything else, which is then a file. @throws UsageError */
export function parseBlur(text: string): NamedBlur | undefined {
  if (Object.hasOwn(publishedBlurs, text)) return publishedBlurs[text].kernel;
  const [name, list] = text.split(/:(.*)/s);
  if (list === undefined || !Object.hasOwn(forms, name)) return undefined;
  const form = forms[name];
  const numbers = list.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const kernel = form.read(numbers);
  if (kernel) return kernel;
  throw new UsageError({ what: "--kernel", expected: form.expected, got: text });
}
