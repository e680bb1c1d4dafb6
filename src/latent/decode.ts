import type { Engine } from "../engine/index.ts";
import type { Autoencoder } from "../networks/autoencoder.ts";
import { input, type Shape, sizeOf } from "../tensor/index.ts";
import { latentShape } from "./latent-operator.ts";

/**
 * Latents as pictures, one after the other.
 * @param latents flat, any number of latents of the shape that belongs to `domain`
 * @param domain shape [1, C, H, W] of a picture; larger decodings are cropped
 * @returns the pictures, flat, not limited to [-1, 1]
 */
export async function decodeLatents(
  autoencoder: Autoencoder,
  latents: Float32Array,
  domain: Shape,
  engine: Engine,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const [, , height, width] = domain;
  const z = input(latentShape(autoencoder, domain));
  const x = autoencoder.decode(z).narrow(2, 0, height).narrow(3, 0, width);
  const program = await engine.compile({ inputs: { z }, outputs: { x }, signal });
  try {
    const count = latents.length / z.size;
    const pictures = new Float32Array(count * sizeOf(domain));
    for (let k = 0; k < count; k++) {
      const results = await program.run({ z: latents.subarray(k * z.size, (k + 1) * z.size) });
      pictures.set(results.x as Float32Array, k * sizeOf(domain));
    }
    return pictures;
  } finally {
    await program.dispose();
  }
}
