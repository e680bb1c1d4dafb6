import { parameter, type Tensor } from "../tensor/index.ts";
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

/** Convolution with any kernel and border, by the cheaper of two ways: both run near an engine's peak, so work decides. */
export function generalMap(form: BlurForm): (x: Tensor) => Tensor {
  const { kernel, domain } = form;
  const direct = (kernel.height + block - 1) * (kernel.width + block - 1);
  const fourier = 2 * (domain[2] + kernel.height + domain[3] + kernel.width - 2);
  return direct <= fourier ? directBlur(form) : fourierBlur(form);
}

/** Side of the blocks of {@link directBlur}: 4×4 pixels make 16 channels, the width that engines vectorise over. */
const block = 4;

/**
 * Convolution on the padded picture. A depthwise kernel leaves most of an engine's convolution idle, so each 4×4 block of
 * pixels is turned into 16 channels first: y[4I + u] = Σ_{P,v} w[4P + v - u] x[4(I + P) + v] is a dense convolution from
 * 16 to 16 channels with a kernel of a quarter of the side, several times faster. Colours go along as a batch.
 */
function directBlur({ kernel, border, domain: [, , height, width] }: BlurForm) {
  const weight = blockWeight(kernel);
  const [taller, wider] = [weight.shape[2] - 1, weight.shape[3] - 1];
  const amounts = (n: number, taps: number) => {
    const after = Math.floor(taps / 2);
    return [taps - 1 - after, after, Math.ceil(n / block) * block - n] as const;
  };
  const [top, bottom, belowPicture] = amounts(height, kernel.height);
  const [left, right, besidePicture] = amounts(width, kernel.width);
  // Up to whole blocks; what is added here touches no pixel of the result.
  const below = belowPicture + taller * block - top - bottom;
  const beside = besidePicture + wider * block - left - right;
  return (x: Tensor) => {
    const [n, c] = x.shape;
    const extended = x.pad(
      [
        [0, 0],
        [0, 0],
        [top, bottom],
        [left, right],
      ],
      padModes[border],
    );
    const whole = extended.pad([
      [0, 0],
      [0, 0],
      [0, below],
      [0, beside],
    ]);
    const [, , h, w] = whole.shape;
    const blurred = whole
      .reshape(n * c, 1, h, w)
      .spaceToDepth(block)
      .conv(weight)
      .depthToSpace(block);
    return blurred.narrow(2, 0, height).narrow(3, 0, width).reshape(n, c, height, width);
  };
}

/** ONNX correlates, so the kernel is turned around. */
function blockWeight({ height, width, data }: Kernel): Tensor {
  const [rows, columns] = [height, width].map((taps) => Math.floor((taps + block - 2) / block) + 1);
  const channels = block * block;
  const out = new Float64Array(channels * channels * rows * columns);
  const inside = (k: number, n: number) => k >= 0 && k < n;
  for (let u = 0; u < channels; u++)
    for (let v = 0; v < channels; v++)
      for (let p = 0; p < rows; p++)
        for (let q = 0; q < columns; q++) {
          const i = block * p + Math.floor(v / block) - Math.floor(u / block);
          const j = block * q + (v % block) - (u % block);
          if (inside(i, height) && inside(j, width))
            out[((u * channels + v) * rows + p) * columns + q] = data[(height - 1 - i) * width + width - 1 - j];
        }
  return parameter(out, [channels, channels, rows, columns], "float32");
}

function fourierBlur({ kernel, border, domain: [, , height, width] }: BlurForm) {
  const mode = padModes[border];
  const pair = fourierPair(extend(height, kernel.height, mode), extend(width, kernel.width, mode));
  const filter = transferMap(transferOf(kernel, pair.height, pair.width), pair.height, pair.width);
  return (x: Tensor) => pair.inverse(filter(pair.forward(x)));
}
