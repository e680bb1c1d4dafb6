import type { Engine } from "../src/engine/index.ts";
import { constant, input, type Tensor } from "../src/tensor/index.ts";

/** Channels and divisor of the picture's side: the convolutions of the embedded network. */
const shapes = [
  [48, 2],
  [96, 4],
  [160, 8],
] as const;
const depth = 8;

/**
 * What 3×3 convolutions alone reach: for each shape a chain of them with nothing in between.
 * @returns a run that gives the time of one chain after another, and the floating-point operations of each
 */
export async function peakWorkload(engine: Engine, size: number) {
  const chains = await Promise.all(
    shapes.map(async ([channels, divisor]) => {
      const side = size / divisor;
      const x = input([1, channels, side, side]);
      let y: Tensor = x;
      for (let k = 0; k < depth; k++) {
        const scale = 1 / Math.sqrt(channels * 9);
        const data = Float32Array.from(
          { length: channels * channels * 9 },
          (_, i) => scale * Math.sin(i * 12.9898 + k),
        );
        y = y.conv(constant(data, [channels, channels, 3, 3]), { pads: 1 });
      }
      const program = await engine.compile({ inputs: { x }, outputs: { y: y.mean() } });
      return {
        program,
        x: new Float32Array(x.size).fill(0.5),
        flops: depth * 2 * 9 * channels * channels * side * side,
      };
    }),
  );
  const run = async () => {
    const times: number[] = [];
    for (const { program, x } of chains) {
      const begin = performance.now();
      await program.run({ x });
      times.push(performance.now() - begin);
    }
    return Float32Array.from(times);
  };
  return { run, flops: chains.map((c) => c.flops) };
}
