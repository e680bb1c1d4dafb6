/**
 * Is a denoiser a posterior mean? Then its Jacobian ∂D/∂x = Cov[x0|x]/σ² is symmetric with eigenvalues at or above 0 (Tweedie's formula,
 * second order), D(x, σ) goes to x with σ, and E[x0|x] has the less variance the more noise there is.
 */
import type { Engine } from "../src/engine/index.ts";
import { normals } from "../src/random/index.ts";
import { input, jvp, vjp } from "../src/tensor/index.ts";
import { readSet } from "./pictures.ts";
import type { BenchDenoiser } from "./prior-models.ts";

const side = 64;
const levels = [0.02, 0.1, 0.2, 0.5, 1, 3, 10];
const iterations = 60;

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, v, i) => sum + v * b[i], 0);
const norm = (a: Float32Array) => Math.sqrt(dot(a, a));
const unit = (a: Float32Array) => {
  const length = norm(a);
  return a.map((v) => v / length);
};

export async function sanity(models: readonly BenchDenoiser[], engine: Engine): Promise<void> {
  const [picture] = await readSet("cbsd68:1", side);
  console.log(
    `\nThe Jacobian J of D at a noisy ${side}² picture. Asymmetry: mean of ‖Jv − Jᵀv‖/‖Jv + Jᵀv‖ over noise v;`,
  );
  console.log(
    "λ: ends of the spectrum of (J + Jᵀ)/2 by power iteration; ‖D(x, σ) − x₀‖ and ‖D(x, σ) − x‖ per value; std of D",
  );
  console.log(
    "\n| model | σ | asymmetry | λ min | λ max | error | move | std of D |\n| --- | --- | --- | --- | --- | --- | --- | --- |",
  );
  for (const { name, denoise, sigmaRange } of models) {
    const [x, v, sigma] = [input([1, 3, side, side]), input([1, 3, side, side]), input([])];
    const y = denoise(x, sigma);
    const outputs = { y, right: jvp([y], [x], [v])[0], left: vjp([y], [x], [v])[0] };
    const program = await engine.compile({ inputs: { x, v, sigma }, outputs });
    for (const level of levels) {
      if (level > sigmaRange[1]) continue;
      const noise = normals({ seed: 0, sample: 0, purpose: "bench" }, x.size);
      const noisy = picture.data.map((p, i) => p + level * noise[i]);
      const apply = async (direction: Float32Array) => {
        const results = await program.run({ x: noisy, v: direction, sigma: level });
        return results as Record<"y" | "right" | "left", Float32Array>;
      };
      const symmetric = async (direction: Float32Array) => {
        const { right, left } = await apply(direction);
        return right.map((r, i) => (r + left[i]) / 2);
      };
      const probes = await Promise.all(
        [1, 2, 3, 4].map((k) => apply(normals({ seed: 0, sample: k, purpose: "bench" }, x.size))),
      );
      const asymmetry = probes.map(({ right, left }) => {
        const [odd, even] = [right.map((r, i) => r - left[i]), right.map((r, i) => r + left[i])];
        return norm(odd) / norm(even);
      });
      // The largest in modulus first; then of the matrix shifted by it, which is the other end of the spectrum.
      const power = async (shift: number) => {
        let direction = unit(normals({ seed: 0, sample: 9, purpose: "bench" }, x.size));
        let value = 0;
        for (let k = 0; k < iterations; k++) {
          const image = (await symmetric(direction)).map((r, i) => r - shift * direction[i]);
          value = dot(image, direction);
          direction = unit(image);
        }
        return value + shift;
      };
      const largest = await power(0);
      const other = await power(largest);
      const { y: mean } = probes[0];
      const rms = (reference: Float32Array) => norm(mean.map((m, i) => m - reference[i])) / Math.sqrt(x.size);
      const average = mean.reduce((sum, m) => sum + m, 0) / x.size;
      const cells = [
        asymmetry.reduce((a, b) => a + b, 0) / asymmetry.length,
        Math.min(largest, other),
        Math.max(largest, other),
        rms(picture.data),
        rms(noisy),
        Math.sqrt(dot(mean, mean) / x.size - average ** 2),
      ];
      console.log(`| ${name} | ${level} | ${cells.map((cell) => cell.toFixed(3)).join(" | ")} |`);
    }
    await program.dispose();
  }
}
