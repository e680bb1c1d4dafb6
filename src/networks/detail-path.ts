import * as z from "zod";
import { concat, constant, type Tensor } from "../tensor/index.ts";
import { channels, count, positive } from "./fields.ts";
import { chain, type WeightReader } from "./weight-reader.ts";

/**
 * A second path of `depth` plain convolutions between its first and last, for pictures with EDM's preconditioning alone, to
 * what is finer than a Gaussian of standard deviation `lowPass` un-shuffled pixels.
 */
export const detailSchema = z.strictObject({
  width: channels,
  depth: count.max(1000),
  sigmaData: positive,
  lowPass: positive,
});

/** F of both paths, un-shuffled [N, C, H, W], of the network's input, its time [N], the U-Net's last features and its F. */
type DetailPath = (u: Tensor, time: Tensor, features: Tensor, unet: Tensor) => Tensor;

/**
 * A second opinion where the noise is weak or moderate: plain convolutions at full width (FFDNet; Zhang, Zuo, Zhang 2018)
 * on the un-shuffled picture. It estimates the picture itself, T, and the network answers
 * D = D_unet + w (T - D_unet - G(T - D_unet)), G a Gaussian low-pass, with a learned weight
 * w(sigma) = s(k_low (ln sigma - m_low)) s(k_high (m_high - ln sigma)), s the logistic function: an ensemble of experts by
 * noise level (Balaji et al. 2022, eDiff-I), of which one reads the other's features. The U-Net decides the coarse
 * structure. A network that predicts the image rather than the noise lets that structure drift where the measurements do not
 * constrain it.
 * @param channels of the un-shuffled picture
 * @param context channels of the U-Net's last features
 */
export function detailPath(
  weights: WeightReader,
  { width, depth, sigmaData, lowPass }: z.infer<typeof detailSchema>,
  channels: number,
  context: number,
): DetailPath {
  const stem = weights.conv("detail.stem", channels + 1, width, 3);
  const read = weights.conv("detail.context", context, width, 1, { bias: false });
  const hidden = Array.from({ length: depth }, (_, i) => {
    const conv = weights.conv(`detail.body.${i}`, width, width, 3);
    return (x: Tensor) => conv(x).relu();
  });
  const body = chain(hidden);
  const head = weights.conv("detail.head", width, channels, 3);
  const gate = weights.take("detail.gate", [4]);
  const [low, lowSlope, high, highSlope] = [0, 1, 2, 3].map((i) => gate.narrow(0, i, 1).reshape());

  return (u, time, features, unet) => {
    const logSigma = time.mul(4).reshape(-1, 1, 1, 1);
    const sigma = logSigma.exp();
    const total = sigma
      .square()
      .add(sigmaData ** 2)
      .sqrt();
    const [n, , h, w] = u.shape;
    const level = sigma.mul(0.5).expand([n, 1, h, w]);
    const start = stem(concat([u.mul(total).add(1).mul(0.5), level], 1));
    const picture = head(body(start.add(read(features)).relu()))
      .mul(2)
      .sub(1);
    // F = (D - c_skip x) / c_out at D = T, where c_skip, c_out and x = total u are EDM's.
    const detail = picture
      .mul(total)
      .sub(u.mul(sigmaData ** 2))
      .div(sigma.mul(sigmaData));
    const weight = logSigma.sub(low).mul(lowSlope).sigmoid().mul(high.sub(logSigma).mul(highSlope).sigmoid());
    const difference = detail.sub(unet);
    return unet.add(weight.mul(difference.sub(gaussian(difference, lowPass))));
  };
}

/**
 * Rows and columns of [N, C, H, W] averaged with a Gaussian of standard deviation `std` that is reflected at the borders: it
 * keeps the mean exactly and is its own adjoint.
 */
function gaussian(x: Tensor, std: number): Tensor {
  const [, , h, w] = x.shape;
  const kernel = (size: number) => constant(reflectedGaussian(size, std), [size, size], x.dtype);
  return kernel(h).matmul(x).matmul(kernel(w));
}

/** [size, size], symmetric: direct distance plus distance through the reflection; the line with its reflection is periodic. */
function reflectedGaussian(size: number, std: number): Float64Array {
  const decay = Float64Array.from({ length: size }, (_, k) =>
    k === 0 ? 0.5 : Math.exp(-0.5 * ((Math.PI * k * std) / size) ** 2),
  );
  const wave = Float64Array.from(
    { length: 2 * size },
    (_, m) => decay.reduce((sum, gain, k) => sum + gain * Math.cos((Math.PI * k * m) / size), 0) / size,
  );
  return Float64Array.from({ length: size * size }, (_, at) => {
    const [i, j] = [Math.floor(at / size), at % size];
    return wave[Math.abs(i - j)] + wave[i + j + 1];
  });
}
