import type { Engine } from "../engine/index.ts";
import { disturb, type NoiseModel, type Operator, observedEntries } from "../operators/index.ts";
import { fnv1a } from "../random/stream.ts";
import { input } from "../tensor/index.ts";
import type { BenchPicture } from "./pictures.ts";

/** Simulates measurements of one operator and computes residuals. */
export interface Simulator {
  /** y, flat in the operator's range. */
  measure(picture: BenchPicture): Promise<Float32Array>;
  /** ‖y − A(x)‖₂ */
  residual(y: Float32Array, x: Float32Array): Promise<number>;
  dispose(): Promise<void>;
}

/**
 * y = A(x) + noise on the [-1, 1] scale. The noise depends on the seed and the picture's name alone, so that a picture
 * has the same noise whichever others are tried with it.
 */
export async function createSimulator(
  operator: Operator,
  noise: NoiseModel,
  seed: number,
  engine: Engine,
  signal?: AbortSignal,
): Promise<Simulator> {
  const x = input(operator.domain);
  const forward = await engine.compile({ inputs: { x }, outputs: { y: operator.apply(x) }, signal });
  const apply = async (data: Float32Array) => (await forward.run({ x: data })).y;
  const observed = observedEntries(operator);
  return {
    async measure({ set, name, data }) {
      const own = (seed + fnv1a(`${set}/${name}`) * 2 ** 20) % Number.MAX_SAFE_INTEGER;
      return disturb(await apply(data), noise, own, observed);
    },
    async residual(y, data) {
      const again = await apply(data);
      return Math.sqrt(y.reduce((sum, v, i) => sum + (v - again[i]) ** 2, 0));
    },
    dispose: () => forward.dispose(),
  };
}

/**
 * What solvers are told of the noise: a Gaussian's own standard deviation; of other kinds that of Gaussian noise with the
 * variance that they have at mid grey. On the 0..1 scale.
 */
export function toldSigma(noise: NoiseModel): number {
  if (noise.kind === "gaussian") return noise.sigma;
  return noise.kind === "poisson" ? Math.sqrt(0.5 / (255 * noise.rate)) : 0.5 * Math.sqrt(noise.fraction);
}

/** "0.05 (12.8/255)", "Poisson, rate 1", "none" */
export function describeNoise(noise: NoiseModel): string {
  if (noise.kind === "poisson") return `Poisson, rate ${noise.rate}`;
  if (noise.kind === "salt-pepper") return `salt and pepper, ${(100 * noise.fraction).toPrecision(3)} %`;
  const { sigma } = noise;
  return sigma === 0 ? "none" : `${Number(sigma.toPrecision(4))} (${(255 * sigma).toPrecision(3)}/255)`;
}
