import { concat, type Tensor } from "../tensor/index.ts";
import type { ShuffleUnet } from "./card.ts";
import { chain, type WeightReader } from "./weight-reader.ts";

/** F of both paths, un-shuffled [N, C, H, W], of the network's input, its time [N], the U-Net's last features and its F. */
type DetailPath = (u: Tensor, time: Tensor, features: Tensor, unet: Tensor) => Tensor;

/**
 * A second opinion where the noise is weak or moderate: plain convolutions at full width (FFDNet; Zhang, Zuo, Zhang 2018) on the
 * un-shuffled picture. It estimates the picture itself, T with the mean of x, and the network answers D = (1 - w) D_unet + w T with a
 * learned w(sigma) = s(k_low (ln sigma - m_low)) s(k_high (m_high - ln sigma)), s the logistic function: an ensemble of experts by noise
 * level (Balaji et al. 2022, eDiff-I), of which one reads the other's features.
 * @param channels of the un-shuffled picture
 * @param context channels of the U-Net's last features
 */
export function detailPath(
  weights: WeightReader,
  { width, depth, sigmaData }: NonNullable<ShuffleUnet["detail"]>,
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
    // T takes the mean of x: whoever predicts the picture itself lets the brightness drift where the data say nothing of it.
    const kept = u.mul(sigma.div(sigmaData)).sub(detail).mean([1, 2, 3], true);
    return unet.add(weight.mul(detail.add(kept).sub(unet)));
  };
}
