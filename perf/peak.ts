import type { Engine } from "../src/engine/index.ts";
import { ancestors, constant, input, type Tensor } from "../src/tensor/index.ts";

/** Channels and divisor of the picture's side: the convolutions of the embedded networks. */
export const shapes = [
  [48, 2],
  [96, 2],
  [96, 4],
  [160, 8],
] as const;
const depth = 8;

/** What 3×3 convolutions alone reach: for each shape a chain of them with nothing in between, and its operations. */
export function convolutionChains(engine: Engine, size: number) {
  return Promise.all(
    shapes.map(async ([channels, divisor]) => {
      const side = size / divisor;
      const x = input([1, channels, side, side]);
      let y: Tensor = x;
      for (let k = 0; k < depth; k++) {
        const scale = 1 / Math.sqrt(channels * 9);
        const data = Float32Array.from({ length: channels ** 2 * 9 }, (_, i) => scale * Math.sin(i * 12.9898 + k));
        y = y.conv(constant(data, [channels, channels, 3, 3]), { pads: 1 });
      }
      const program = await engine.compile({ inputs: { x }, outputs: { y: y.mean() } });
      const data = new Float32Array(x.size).fill(0.5);
      return { run: () => program.run({ x: data }), flops: convolutionFlops(y) };
    }),
  );
}

/** Floating-point operations of the convolutions that a tensor depends on, two to each multiplication with addition. */
export function convolutionFlops(y: Tensor): number {
  return ancestors([y]).reduce((total, { op, inputs, size }) => {
    if (op.name !== "conv" && op.name !== "convTranspose") return total;
    const [x, w] = inputs;
    return total + 2 * (op.name === "conv" ? size : x.size) * (w.size / w.shape[0]);
  }, 0);
}
