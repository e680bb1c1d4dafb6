import { wiener } from "./baselines/wiener.ts";
import { type BlurForm, generalMap } from "./blur-map.ts";
import { circularBlur } from "./circular-blur.ts";
import { blurMatrix, blurNormBound, type Edge, factorKernel, type Kernel } from "./kernel.ts";
import { adjoint, checkShape, type Operator } from "./operator.ts";
import { separable } from "./separable.ts";
import { conjugateGradient } from "./solve.ts";

export interface BlurOptions {
  readonly kernel: Kernel;
  /** What lies outside the picture; "reflect" by default. "zero" is mid grey. */
  readonly border?: Edge;
  /** Pseudo-inverse: singular values below this count as zero (per axis where the kernel is separable). Default 3e-2 (DDRM). */
  readonly cutoff?: number;
  /** How the kernel is written in a manifest; its values by default. */
  readonly kernelSpec?: unknown;
}

/**
 * Blur with a point-spread function, each channel alone; y has x's size. How it is computed depends on the kernel:
 * - rank one (Gaussian, box, axis-parallel motion): two banded matrix products, SVD per axis;
 * - circular border: diagonal in Fourier coefficients;
 * - otherwise: a convolution on the extended picture, direct or through Fourier coefficients; normal equations by
 *   conjugate gradients.
 */
export function blur(options: BlurOptions, domain: readonly number[]): Operator {
  const { kernel, border = "reflect", cutoff = 3e-2 } = options;
  const { height, width, data } = kernel;
  const values = () => ({ type: "array", height, width, values: Array.from(data) });
  const spec = { name: "blur", kernel: options.kernelSpec ?? values(), border, cutoff };
  const estimate = wiener(kernel, border, domain);
  const form: BlurForm = { kernel, border, domain: [1, ...domain.slice(1)], cutoff, spec, estimate };
  const axes = blurAxes(form);
  if (border === "circular") return circularBlur(form, axes);
  return axes ? separable({ ...form, name: "blur", channels: domain[1], ...axes }) : generalBlur(form);
}

function blurAxes({ kernel, border, domain: [, , height, width] }: BlurForm) {
  const factors = factorKernel(kernel);
  if (!factors) return undefined;
  const { rows, columns } = factors;
  const left = { matrix: blurMatrix(height, rows, border) };
  const same = height === width && rows.length === columns.length && rows.every((v, k) => v === columns[k]);
  return { rows: left, columns: same ? left : { matrix: blurMatrix(width, columns, border) } };
}

function generalBlur(form: BlurForm): Operator {
  const { kernel, border, domain, cutoff, spec, estimate } = form;
  const apply = generalMap(form);
  const operator: Operator = {
    name: "blur",
    domain,
    range: domain,
    linear: true,
    exactPseudoInverse: false,
    normSquared: blurNormBound(kernel, border, domain[2], domain[3]),
    apply(x) {
      checkShape("blur", domain, x);
      return apply(x);
    },
    // No closed form: Tikhonov's, whose filter s/(s² + c²) passes what the truncated inverse keeps.
    pseudoInverse: (y) => conjugateGradient(operator, adjoint(operator, y), Math.max(cutoff, 1e-3) ** 2, 12),
    estimate,
    toJSON: () => spec,
  };
  return operator;
}
