import { type Autoencoder, checkLatent, checkPicture } from "../../src/networks/autoencoder.ts";
import { constant, type Tensor } from "../../src/tensor/index.ts";

/**
 * decode(z) = W z on blocks of pixels, encode(x) = E x: a linear autoencoder, for which latent solvers must do what pixel solvers do
 * with A·W. Principal components of blocks make the best one there is.
 * @param decode W, a row for each of the channels·factor² values of a block (channel, row, column), a column for each latent channel
 * @param encode E, a row for each latent channel: Wᵀ where the columns of W are orthonormal
 */
export function linearAutoencoder(
  channels: number,
  factor: number,
  decode: readonly (readonly number[])[],
  encode: readonly (readonly number[])[],
): Autoencoder {
  const latents = encode.length;
  const block = channels * factor ** 2;
  const kernel = (rows: readonly (readonly number[])[], from: number): Tensor =>
    constant(rows.flat(), [rows.length, from, 1, 1], "float32");
  const [W, E] = [kernel(decode, latents), kernel(encode, block)];
  const grid = { channels, latents, factor };
  return {
    kind: "deterministic",
    linear: true,
    ...grid,
    encode(x) {
      checkPicture(grid, x);
      return { mean: x.spaceToDepth(factor).conv(E) };
    },
    decode(z) {
      checkLatent(grid, z);
      return z.conv(W).depthToSpace(factor);
    },
  };
}
