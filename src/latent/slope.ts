import type { Engine } from "../engine/index.ts";
import type { Autoencoder } from "../networks/autoencoder.ts";
import { normals } from "../random/index.ts";
import { input, jvp, vjp } from "../tensor/index.ts";

/** Side of the latent that is looked at, and power iterations. */
const SIDE = 8;
const ITERATIONS = 6;

const known = new WeakMap<Autoencoder, number>();

/**
 * ‖J‖² of a decoder, J = ∂decode/∂z at a typical latent: how much a step in latents moves pixels at most. By power iteration on
 * JᵀJ (Golub & Van Loan 2013, section 8.2) at z ~ N(0, I), which for a convolutional decoder tells about any size and place.
 */
export async function decoderSlopeSquared(
  autoencoder: Autoencoder,
  engine: Engine,
  signal?: AbortSignal,
): Promise<number> {
  const before = known.get(autoencoder);
  if (before !== undefined) return before;
  const shape = [1, autoencoder.latents, SIDE, SIDE];
  const n = autoencoder.latents * SIDE * SIDE;
  const [z, v] = [input(shape), input(shape)];
  const x = autoencoder.decode(z);
  const [Jv] = jvp([x], [z], [v]);
  const [product] = vjp([x], [z], [Jv]);
  const program = await engine.compile({ inputs: { z, v }, outputs: { product }, signal });
  try {
    const at = normals({ seed: 0, purpose: "latent" }, n);
    let direction = unit(normals({ seed: 0, purpose: "slope" }, n));
    let slope = 0;
    for (let i = 0; i < ITERATIONS; i++) {
      const results = await program.run({ z: at, v: direction }, { signal });
      slope = length(results.product);
      direction = unit(results.product);
    }
    known.set(autoencoder, slope);
    return slope;
  } finally {
    await program.dispose();
  }
}

const length = (v: ArrayLike<number>) => Math.sqrt(Array.from(v).reduce((sum, w) => sum + w * w, 0));

function unit(v: Float32Array): Float32Array {
  const size = length(v);
  return size > 0 ? v.map((w) => w / size) : v;
}
