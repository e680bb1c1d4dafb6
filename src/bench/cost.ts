import type { Engine } from "../engine/index.ts";
import { latentShape } from "../latent/index.ts";
import type { Prior } from "../priors/index.ts";
import { normals } from "../random/index.ts";
import { input, vjp } from "../tensor/index.ts";

/** Processor seconds of one network call alone, and of the vector-Jacobian product through it. */
export interface NetworkCost {
  readonly forward: number;
  readonly vjp: number;
}

const repeats = 5;

/**
 * Measures the network of a prior for pictures of one size, alone: means over a few calls after a first one. In processor time, which
 * says the same on a busy machine.
 */
export async function measureNetwork(
  prior: Prior,
  domain: readonly number[],
  engine: Engine,
  signal?: AbortSignal,
): Promise<NetworkCost> {
  const shape = prior.latent ? latentShape(prior.latent, domain) : domain;
  const [x, v, sigma] = [input(shape), input(shape), input([])];
  const d = prior.denoise(x, sigma);
  const noise = normals({ seed: 0, purpose: "network cost" }, x.size);
  const program = await engine.compile({
    inputs: { x, v, sigma },
    outputs: { d, g: vjp([d], [x], [v])[0] },
    optional: ["d", "g"],
    signal,
  });
  const time = async (outputs: readonly ("d" | "g")[]): Promise<number> => {
    const once = () => program.run({ x: noise, v: noise, sigma: 0.5 }, { outputs, signal });
    await once();
    const clock = new ProcessorClock();
    for (let k = 0; k < repeats; k++) await once();
    return clock.seconds() / repeats;
  };
  try {
    const forward = await time(["d"]);
    const both = await time(["d", "g"]);
    return { forward, vjp: Math.max(0, both - forward) };
  } finally {
    await program.dispose();
  }
}

/** Processor time of this process since it was made, all threads together. */
export class ProcessorClock {
  readonly #begin = process.cpuUsage();

  seconds(): number {
    const { user, system } = process.cpuUsage(this.#begin);
    return (user + system) / 1e6;
  }
}

/** The largest resident memory of this process while something runs. */
export class PeakMemory {
  #peak = process.memoryUsage.rss();
  readonly #timer = setInterval(() => this.#sample(), 20);

  #sample(): void {
    this.#peak = Math.max(this.#peak, process.memoryUsage.rss());
  }

  stop(): number {
    clearInterval(this.#timer);
    this.#sample();
    return this.#peak;
  }
}
