import { constant, type Tensor } from "../tensor/index.ts";
import { extend, fourierPair, transferMap, transferOf } from "./fourier.ts";
import { type Border, type Kernel, padModes } from "./kernel.ts";
import type { Operator, OperatorSpec } from "./operator.ts";

/** What the forms of a blur have in common. */
export interface BlurForm {
  readonly kernel: Kernel;
  readonly border: Border;
  readonly domain: readonly number[];
  readonly cutoff: number;
  readonly spec: OperatorSpec;
  readonly estimate: Operator["estimate"];
}

/** Beyond this many taps a two-dimensional kernel is faster through Fourier coefficients than as a convolution. */
const largestConvolution = 121;

/** Convolution with any kernel and border, by the cheaper of two ways. */
export function generalMap(form: BlurForm): (x: Tensor) => Tensor {
  return form.kernel.data.length <= largestConvolution ? directBlur(form) : fourierBlur(form);
}

/** A depthwise convolution on the padded picture. ONNX correlates, so the kernel is turned around. */
function directBlur({ kernel: { height, width, data }, border, domain: [, channels] }: BlurForm) {
  const n = data.length;
  const turned = Float64Array.from({ length: channels * n }, (_, k) => data[n - 1 - (k % n)]);
  const weight = constant(turned, [channels, 1, height, width], "float32");
  const [bottom, right] = [Math.floor(height / 2), Math.floor(width / 2)];
  const [top, left] = [height - 1 - bottom, width - 1 - right];
  if (border === "zero") return (x: Tensor) => x.conv(weight, { groups: channels, pads: [top, left, bottom, right] });
  const amounts = [
    [0, 0],
    [0, 0],
    [top, bottom],
    [left, right],
  ] as const;
  return (x: Tensor) => x.pad(amounts, padModes[border]).conv(weight, { groups: channels });
}

function fourierBlur({ kernel, border, domain: [, , height, width] }: BlurForm) {
  const mode = padModes[border];
  const pair = fourierPair(extend(height, kernel.height, mode), extend(width, kernel.width, mode));
  const filter = transferMap(transferOf(kernel, pair.height, pair.width), pair.height, pair.width);
  return (x: Tensor) => pair.inverse(filter(pair.forward(x)));
}
