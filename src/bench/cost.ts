import type { Engine } from "../engine/index.ts";
import { encodePadded, latentShape } from "../latent/index.ts";
import type { Prior } from "../priors/index.ts";
import { normals } from "../random/index.ts";
import type { Counts } from "../solvers/index.ts";
import { constant, input, type Shape, type Tensor, vjp } from "../tensor/index.ts";

/** Processor seconds of one evaluation of each kind, alone. */
export type NetworkCost = Counts;

const repeats = 5;

/**
 * Measures the networks of a prior for pictures of one size, alone: means over a few calls after a first one. In processor time, which
 * says the same on a busy machine.
 */
export async function measureNetwork(
  { denoise, latent }: Prior,
  domain: Shape,
  engine: Engine,
  signal?: AbortSignal,
): Promise<NetworkCost> {
  const sigma = constant(0.5);
  const cost = (map: (x: Tensor) => Tensor, shape: Shape) => measure(map, shape, engine, signal);
  const inner = latent ? latentShape(latent, domain) : domain;
  const denoiser = await cost((x) => denoise(x, sigma), inner);
  const encoder = latent ? await cost((x) => encodePadded(latent, x), domain) : nothing;
  const decoder = latent ? await cost((z) => latent.decode(z), inner) : nothing;
  return {
    forwards: denoiser.forward,
    vjps: denoiser.vjp,
    encodes: encoder.forward,
    encodeVjps: encoder.vjp,
    decodes: decoder.forward,
    decodeVjps: decoder.vjp,
  };
}

/** The processor time that these evaluations take when nothing else runs. */
export function costOf(counts: Counts, cost: NetworkCost): number {
  return (Object.keys(cost) as (keyof Counts)[]).reduce((sum, name) => sum + counts[name] * cost[name], 0);
}

const nothing = { forward: 0, vjp: 0 };

async function measure(map: (x: Tensor) => Tensor, shape: Shape, engine: Engine, signal: AbortSignal | undefined) {
  const x = input(shape);
  const y = map(x);
  const v = input(y.shape);
  const program = await engine.compile({
    inputs: { x, v },
    outputs: { y, g: vjp([y], [x], [v])[0] },
    optional: ["y", "g"],
    signal,
  });
  const feeds = {
    x: normals({ seed: 0, purpose: "network cost" }, x.size),
    v: normals({ seed: 1, purpose: "network cost" }, y.size),
  };
  const time = async (output: "y" | "g"): Promise<number> => {
    const once = () => program.run(feeds, { outputs: [output], signal });
    await once();
    const clock = new ProcessorClock();
    for (let k = 0; k < repeats; k++) await once();
    return clock.seconds() / repeats;
  };
  try {
    const forward = await time("y");
    return { forward, vjp: Math.max(0, (await time("g")) - forward) };
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
