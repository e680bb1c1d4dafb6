import { constant, type Tensor } from "../tensor/index.ts";
import { generalMap } from "./blur-map.ts";
import type { Edge } from "./kernel.ts";
import { type KernelSpec, kernelOf } from "./kernel-spec.ts";
import { checkShape, type Operator } from "./operator.ts";

export interface NonlinearBlurOptions {
  /** Default: a random camera shake over 9×9 pixels. */
  readonly kernel?: KernelSpec;
  /** Exposure: light is multiplied by this before the sensor clips it at white. Default 1.5. */
  readonly gain?: number;
  readonly border?: Edge;
}

/**
 * Blur of light in a camera that saturates: y = 2·response(clip(gain · (k ∗ light(u)), 0, 1)) − 1 with u = (x + 1)/2, where
 * `light` turns picture values into light (the sRGB curve) and `response` turns it back. Bright parts bleed into dark ones
 * more than a blur of picture values lets them, and blown-out parts are lost: there the derivative is 0.
 *
 * The non-linear blur of DPS, RED-Diff and DAPS is another one, a trained network (BKSE) whose weights are not ours to
 * give; the operator `network` runs such a network from an ONNX file.
 */
export function nonlinearBlur(options: NonlinearBlurOptions, domain: readonly number[]): Operator {
  const { gain = 1.5, border = "reflect" } = options;
  const kernelSpec = options.kernel ?? { type: "trajectory", size: 9, intensity: 0.5, seed: 0 };
  const [, channels, height, width] = domain;
  const shape = [1, channels, height, width];
  const convolve = generalMap({
    kernel: kernelOf(kernelSpec),
    border,
    domain: shape,
    cutoff: 0,
    spec: { name: "blur" },
    estimate: undefined,
  });
  // Padding with 0 is black here; mid grey in the picture's values is this much light.
  const grey = border === "zero" ? toLight(0.5) : 0;
  return {
    name: "nonlinear-blur",
    domain: shape,
    range: shape,
    linear: false,
    // At mid grey: the slopes of the curves cancel but for the gain.
    normSquared: Math.max(1, gain) ** 2,
    apply(x) {
      checkShape("nonlinear-blur", shape, x);
      const light = lightOf(x.add(1).mul(0.5));
      const blurred = grey === 0 ? convolve(light) : convolve(light.sub(grey)).add(grey);
      return pictureOf(blurred.mul(gain).clip(0, 1)).mul(2).sub(1);
    },
    pseudoInverse(y) {
      checkShape("pseudo-inverse of nonlinear-blur", shape, y);
      return pictureOf(lightOf(y.add(1).mul(0.5)).mul(1 / gain))
        .mul(2)
        .sub(1);
    },
    exactPseudoInverse: false,
    toJSON: () => ({ name: "nonlinear-blur", kernel: kernelSpec, gain, border }),
  };
}

// sRGB (IEC 61966-2-1), continued in a straight line below black and by its power above white.
const knee = 0.04045;
const slope = 12.92;

function toLight(u: number): number {
  return u <= knee ? u / slope : ((u + 0.055) / 1.055) ** 2.4;
}

function lightOf(u: Tensor): Tensor {
  const power = u
    .maximum(knee)
    .add(0.055)
    .mul(1 / 1.055)
    .pow(constant(2.4));
  return u.lessOrEqual(knee).where(u.mul(1 / slope), power);
}

function pictureOf(light: Tensor): Tensor {
  const edge = knee / slope;
  const root = light
    .maximum(edge)
    .pow(constant(1 / 2.4))
    .mul(1.055)
    .sub(0.055);
  return light.lessOrEqual(edge).where(light.mul(slope), root);
}
