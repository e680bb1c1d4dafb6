import { afterAll, beforeAll, expect, it } from "vitest";
import { ascent, power, smooth } from "../examples/own-solver.mjs";
import type { Engine } from "../src/engine/index.ts";
import { createEngine } from "../src/node/engine.ts";
import { createImage } from "../src/pictures/index.ts";
import { normals } from "../src/random/index.ts";
import { restore } from "../src/restore/index.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

const [height, width] = [8, 10];

/** Each frequency of an image times its gain, by the definition of the discrete Fourier transform. */
function filtered(x: ArrayLike<number>, gain: (fy: number, fx: number) => number): number[] {
  const out = new Array<number>(height * width).fill(0);
  for (let u = 0; u < height; u++)
    for (let v = 0; v < width; v++) {
      const [cos, sin] = [Math.cos, Math.sin].map((wave) =>
        out.map((_, i) => wave(2 * Math.PI * ((u * Math.floor(i / width)) / height + (v * (i % width)) / width))),
      );
      const dot = (wave: readonly number[]) => wave.reduce((sum, w, i) => sum + w * x[i], 0);
      const [re, im] = [dot(cos), dot(sin)].map((value) => (value * gain(u, v)) / (height * width));
      for (let i = 0; i < out.length; i++) out[i] += re * cos[i] + im * sin[i];
    }
  return out;
}

it("a prior from a plain function and a solver of one's own find the Wiener estimate in restore()", async () => {
  const noise = 0.05; // σ_y = 0.1 on the [-1, 1] scale
  const level = 0.1;
  const data = normals({ seed: 4, purpose: "image" }, 3 * height * width).map((v) =>
    Math.min(1, Math.max(0, 0.5 + 0.1 * v)),
  );
  const { images, run } = await restore({
    image: createImage(width, height, 3, data, { meta: { bitDepth: 16 } }),
    prior: smooth,
    engine,
    task: { name: "denoise" },
    noise,
    solver: ascent,
    options: { steps: 60, level },
  });
  expect(run).toMatchObject({ solver: "ascent", steps: 60, settings: "published", options: { steps: 60, level } });
  expect(run.counts.forwards).toBe(60);

  // The maximum of the posterior is linear: (S + σ²)/(S + σ² + σ_y²) at each frequency, S the power of the prior.
  const S = power(height, width);
  const columns = width / 2 + 1;
  const gain = (u: number, v: number) => {
    const prior = S[u * columns + Math.min(v, width - v)] + level ** 2;
    return prior / (prior + (2 * noise) ** 2);
  };
  for (let c = 0; c < 3; c++) {
    const y = data.slice(c * height * width, (c + 1) * height * width).map((v) => 2 * v - 1);
    const expected = filtered(y, gain);
    const got = Array.from(images[0].data.slice(c * height * width, (c + 1) * height * width), (v) => 2 * v - 1);
    expect(Math.max(...got.map((v, i) => Math.abs(v - expected[i])))).toBeLessThan(1e-4);
  }
});

it("options of a solver of one's own are checked by its schema", async () => {
  const image = createImage(width, height, 3, new Float32Array(3 * height * width).fill(0.5));
  const request = { image, prior: smooth, engine, task: { name: "denoise" }, noise: 0.1, solver: ascent } as const;
  await expect(restore({ ...request, options: { level: -1 } })).rejects.toMatchObject({ code: "invalid-option" });
});
