// A prior from a plain function and a solver of one's own, in restore():
//   node own-solver.mjs noisy.png clean.png
//
// The prior is a Gaussian random field whose power falls like 1/f². Its denoiser has a closed form, the Wiener filter. The solver
// climbs the log-posterior with the score that a denoiser gives (Tweedie's formula): ∇ log p_σ(x) = (E[x0|x] − x)/σ².
import { fileURLToPath } from "node:url";
import { adjoint, denoiserPrior, encodeImage, readImage, restore, writeAtomic } from "tweedie";
import { constant, irfft2, rfft2 } from "tweedie/tensor";
import * as z from "zod";

/**
 * Expected power at each frequency of rfft2(·, "ortho"), for images on [-1, 1]: S(f) = c/(f² + f₀²).
 *
 * @param {number} height in pixels
 * @param {number} width in pixels
 */
export function power(height, width) {
  const columns = Math.floor(width / 2) + 1;
  return Float64Array.from({ length: height * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const [fy, fx] = [Math.min(row, height - row) / height, column / width];
    return 0.002 / (fy ** 2 + fx ** 2 + 1 / 256 ** 2);
  });
}

export const smooth = denoiserPrior({
  name: "smooth",
  channels: 3,
  /** E[x0 | x]: each frequency times S/(S + σ²). x is [N, C, H, W], σ is [] or [N, 1, 1, 1]. */
  denoise(x, sigma) {
    const [height, width] = x.shape.slice(2);
    const S = constant(power(height, width), [height, Math.floor(width / 2) + 1], x.dtype);
    const gain = S.div(S.add(sigma.square()));
    const { re, im } = rfft2(x, "ortho");
    return irfft2({ re: re.mul(gain), im: im.mul(gain) }, width, "ortho");
  },
});

const options = z.strictObject({
  steps: z.int().min(1).default(40),
  /** The noise level σ of the score. */
  level: z.number().positive().default(0.1),
});

/**
 * x ← x + τ (Aᵀ(y − A x)/σ_y² + (E[x0|x] − x)/σ²), with the largest safe step τ = 1/(‖A‖²/σ_y² + 1/σ²).
 *
 * @type {import("tweedie").Solver<z.output<typeof options>>}
 */
export const ascent = {
  name: "ascent",
  reference: "gradient ascent on the log-posterior",
  needs: { vjp: false, linear: true },
  sampler: false,
  options,
  schedule: ({ steps, level }) => Array.from({ length: steps }, () => ({ kind: "step", sigma: level, scalars: {} })),
  init: ({ start, shape }) => ({ x: start.expand(shape) }),
  steps: ({ level }) => ({
    step({ x }, { denoise, operator, A, y, sigmaY, normSquared }) {
      const precision = sigmaY.maximum(0.01).square().reciprocal();
      const likelihood = adjoint(operator, y.sub(A(x))).mul(precision);
      const score = denoise(x, constant(level)).sub(x).div(level ** 2);
      const step = normSquared.mul(precision).add(1 / level ** 2).reciprocal();
      const next = x.add(likelihood.add(score).mul(step));
      return { next: { x: next }, estimate: next };
    },
  }),
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [input, output] = process.argv.slice(2);
  const { images, run } = await restore({
    image: await readImage(input),
    prior: smooth,
    task: { name: "denoise" },
    noise: 25 / 255,
    solver: ascent,
    options: { steps: 20 },
  });
  await writeAtomic(output, await encodeImage(images[0], { format: "png" }));
  console.log(`${run.solver}: ${run.counts.forwards} evaluations of the prior in ${run.seconds.toFixed(1)} s`);
}
