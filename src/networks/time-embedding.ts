import { concat, constant, type Tensor } from "../tensor/index.ts";
import { chain, type WeightReader } from "./weight-reader.ts";

/**
 * The time embedding of Stable Diffusion's U-Nets: {@link sinusoidal} and a small network, plus the class's own vector.
 * @param width of the sinusoids
 * @param embedded width of the result
 * @param classes number of classes, where there are
 * @returns the embedding [N, embedded] of a time [N] and a class [N]
 */
export function timeEmbedding(
  weights: WeightReader,
  width: number,
  embedded: number,
  classes?: number,
): (time: Tensor, label?: Tensor) => Tensor {
  const mlp = chain([
    weights.linear("time_embedding.linear_1", width, embedded),
    (x) => x.silu(),
    weights.linear("time_embedding.linear_2", embedded, embedded),
  ]);
  const table = classes ? weights.take("class_embedding.weight", [classes, embedded]) : undefined;
  return (time, label) => {
    const e = mlp(sinusoidal(time, width));
    return table && label ? e.add(table.gather(label, 0)) : e;
  };
}

/** [cos(t ω_k), sin(t ω_k)], ω_k = 10000^(-k/(width/2)): [N] to [N, width] (Ho et al. 2020; cosines first). */
export function sinusoidal(time: Tensor, width: number): Tensor {
  const half = width / 2;
  const frequencies = Array.from({ length: half }, (_, k) => Math.exp((-Math.log(10000) * k) / half));
  const angle = time.unsqueeze(1).mul(constant(frequencies, [1, half], time.dtype));
  return concat([angle.cos(), angle.sin()], 1);
}
