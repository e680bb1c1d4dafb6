import { type Complex, concat, constant, parameter, type Tensor } from "../tensor/index.ts";
import { type CoilMaps, type CoilMapsSpec, givenCoils, syntheticCoils } from "./mri-coils.ts";
import { type CentredFourier, centredFourier } from "./mri-fourier.ts";
import { givenMask, type SamplingPattern, samplingMask } from "./mri-sampling.ts";
import { adjoint, checkShape, type Operator, type Svd } from "./operator.ts";
import { conjugateGradient } from "./solve.ts";

export interface MriOptions {
  /** Which entries of k-space are measured (see {@link Sampling}); default random lines. */
  readonly pattern?: SamplingPattern;
  /** Default 4. */
  readonly acceleration?: number;
  /** Default 0.08. */
  readonly centre?: number;
  readonly seed?: number;
  /** The mask itself, in place of a pattern: as in a MaskSpec of type `bits`, 1 = measured, of centred k-space. */
  readonly mask?: string;
  /** Number of coils, with synthetic maps; 1 (the default) is a single coil that sees everything alike. */
  readonly coils?: number;
  /** The coils' sensitivities, in place of synthetic ones. */
  readonly maps?: CoilMapsSpec;
  /** A real picture, each channel scanned (the default), or a complex one: real and imaginary part as two channels. */
  readonly picture?: "real" | "complex";
}

/**
 * Magnetic resonance imaging: y_k = M F(S_k x), F the centred orthonormal Fourier transform, M the sampling mask, S_k the
 * coils' sensitivities with Σ|S_k|² = 1. x is [N, C, H, W] real, or [N, 2, H, W] complex; y has the planes (re, im) of
 * coil 1, 2, … for each channel side by side: [N, 2·coils·C, H, W], zero where nothing is measured.
 *
 * A single coil is diagonal in k-space. Real pictures: the coefficients at ±k are conjugate, so that one measured gives
 * half the information on both; the Hartley transform H = Re F − Im F is an orthogonal basis with singular values
 * √((M(k) + M(−k))/2). Several coils: conjugate gradients; the pseudo-inverse is then SENSE (Pruessmann et al., 1999)
 * with a trace of Tikhonov's term.
 */
export function mri(options: MriOptions, domain: readonly number[]): Operator {
  const { pattern = "random", acceleration = 4, centre = 0.08, seed = 0, picture = "real" } = options;
  const [, channels, height, width] = domain;
  const shape = [1, channels, height, width];
  const complex = picture === "complex";
  const name = complex ? "mri-complex" : "mri";
  if (complex) checkShape(name, [1, 2, height, width], constant(0, shape, "float32"));
  const measured =
    options.mask === undefined
      ? samplingMask({ pattern, acceleration, centre, seed }, height, width)
      : givenMask(options.mask, height, width);
  const mask = parameter(Float64Array.from(measured), [1, 1, 1, height, width], "float32");
  const fourier = centredFourier(height, width);
  const maps = coilMaps(options, height, width);
  const coils = maps?.coils ?? 1;
  const planes = complex ? 1 : channels;
  const range = [1, 2 * coils * planes, height, width];

  const apply = (x: Tensor): Tensor => {
    const z = fourier.forward(seenByCoils(x, complex, maps, height, width));
    const n = x.shape[0];
    const both = [z.re, z.im].map((part) => part.mul(mask).unsqueeze(3));
    return concat(both, 3).reshape(n, ...range.slice(1));
  };
  const sampling = options.mask === undefined ? { pattern, acceleration, centre, seed } : { mask: options.mask };
  const operator: Operator = {
    name,
    domain: shape,
    range,
    linear: true,
    normSquared: maps || complex ? 1 : largest(pairedMask(measured, height, width)),
    observed: mask.reshape(1, 1, height, width),
    apply(x) {
      checkShape(name, shape, x);
      return apply(x);
    },
    toJSON: () => ({
      name,
      ...sampling,
      ...(options.maps ? { maps: options.maps } : { coils }),
    }),
  };
  const parts = { apply, operator, measured, fourier };
  if (!maps) return { ...operator, ...(complex ? singleCoilComplex(parts) : singleCoilReal(parts)) };
  return {
    ...operator,
    exactPseudoInverse: false,
    pseudoInverse: (y) => conjugateGradient(operator, adjoint(operator, y), 1e-4, 12),
  };
}

function coilMaps({ coils = 1, maps }: MriOptions, height: number, width: number): CoilMaps | undefined {
  if (maps) return givenCoils(maps, height, width);
  return coils > 1 ? syntheticCoils(coils, height, width) : undefined;
}

/** x times each map: [N, planes, coils, H, W]. */
function seenByCoils(x: Tensor, complex: boolean, maps: CoilMaps | undefined, height: number, width: number) {
  const part = (k: number) => x.narrow(1, k, 1).unsqueeze(2);
  if (!maps) return complex ? { re: part(0), im: part(1) } : x.unsqueeze(2);
  const of = (values: Float64Array) => parameter(values, [1, 1, maps.coils, height, width], "float32");
  const s: Complex = { re: of(maps.re), im: of(maps.im) };
  if (!complex) return { re: x.unsqueeze(2).mul(s.re), im: x.unsqueeze(2).mul(s.im) };
  const [re, im] = [part(0), part(1)];
  return { re: re.mul(s.re).sub(im.mul(s.im)), im: re.mul(s.im).add(im.mul(s.re)) };
}

interface Parts {
  readonly apply: (x: Tensor) => Tensor;
  readonly operator: Operator;
  readonly measured: Uint8Array;
  readonly fourier: CentredFourier;
}

type ClosedForms = Required<Pick<Operator, "pseudoInverse" | "exactPseudoInverse" | "solveGram" | "svd">>;

/** V = F⁻¹, Σ = M, U = the identity. */
function singleCoilComplex({ apply, operator, measured, fourier }: Parts): ClosedForms {
  const [, , height, width] = operator.domain;
  const mask = parameter(Float64Array.from(measured), [1, 1, height, width], "float32");
  const onPair = (map: (z: Complex) => Complex) => (x: Tensor) => {
    const { re, im } = map({ re: x.narrow(1, 0, 1), im: x.narrow(1, 1, 1) });
    return concat([re, im], 1);
  };
  const inverse = onPair(fourier.inverse);
  return {
    exactPseudoInverse: true,
    pseudoInverse: (y) => adjoint({ ...operator, apply }, y),
    solveGram: (y, lambda) => y.div(mask.add(lambda)),
    svd: {
      vt: onPair(fourier.forward),
      v: inverse,
      ut: (y) => y,
      u: (z) => z,
      singularValues: mask,
    },
  };
}

/** V = the Hartley transform, its own inverse; U = A V Σ⁻¹ where Σ is not 0. */
function singleCoilReal({ apply, operator, measured, fourier }: Parts): ClosedForms {
  const [, , height, width] = operator.domain;
  const values = pairedMask(measured, height, width).map(Math.sqrt);
  const of = (map: (s: number) => number) => parameter(values.map(map), [1, 1, height, width], "float32");
  const [s, inverse, inverseSquared] = [of((v) => v), of((v) => (v ? 1 / v : 0)), of((v) => (v ? 1 / v ** 2 : 0))];
  const hartley = (x: Tensor) => {
    const z = fourier.forward(x);
    return z.re.sub(z.im);
  };
  const transpose = (y: Tensor) => adjoint({ ...operator, apply }, y);
  const svd: Svd = {
    vt: hartley,
    v: hartley,
    ut: (y) => hartley(transpose(y)).mul(inverse),
    u: (z) => apply(hartley(z.mul(inverse))),
    singularValues: s,
  };
  return {
    exactPseudoInverse: true,
    pseudoInverse: (y) => hartley(hartley(transpose(y)).mul(inverseSquared)),
    // What no real picture can cause, conjugate pairs that contradict each other, is only divided by λ.
    solveGram(y, lambda) {
      const z = svd.ut(y);
      return svd.u(z.div(s.square().add(lambda)).sub(z.div(lambda))).add(y.div(lambda));
    },
    svd,
  };
}

/** (M(k) + M(−k))/2 over centred k-space: the squared singular values for real pictures. */
function pairedMask(measured: Uint8Array, height: number, width: number): Float64Array {
  const opposite = (k: number, n: number) => (2 * Math.floor(n / 2) - k + n) % n;
  return Float64Array.from(measured, (v, at) => {
    const [i, j] = [Math.floor(at / width), at % width];
    return (v + measured[opposite(i, height) * width + opposite(j, width)]) / 2;
  });
}

const largest = (values: Float64Array) => values.reduce((most, v) => Math.max(most, v), 0);
