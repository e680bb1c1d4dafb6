import { afterAll, expect, it } from "vitest";
import { createEngine } from "../../src/node/engine.ts";
import { isotropicPrior } from "../../src/priors/index.ts";
import { sample } from "../../src/restore/index.ts";

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.dispose());

const prior = isotropicPrior(0, 0.04);
const size = { width: 20, height: 13 };
const options = { steps: 4 };

it("draws pictures of the size asked for, each from its own stream", async () => {
  const both = await sample({ engine, prior, ...size, options, samples: 2, seed: 3 });
  expect(both.images.map(({ width, height, channels }) => [width, height, channels])).toEqual([
    [20, 13, 3],
    [20, 13, 3],
  ]);
  expect(both.images[0].data).not.toEqual(both.images[1].data);
  const one = await sample({ engine, prior, ...size, options, seed: 3 });
  expect(one.images[0].data).toEqual(both.images[0].data);
  expect([both.steps, both.counts.forwards, both.stopped]).toEqual([8, 14, false]); // Heun: 2·4 − 1 calls a picture
});

it("tells which picture and which of its steps is under way", async () => {
  const seen: number[][] = [];
  await sample({
    engine,
    prior,
    ...size,
    options,
    samples: 2,
    onProgress: (p) => seen.push([p.sample, p.step, p.steps]),
  });
  expect(seen).toEqual([1, 2].flatMap((k) => [1, 2, 3, 4].map((step) => [k, step, 4])));
});

it("stays within the noise levels that the prior knows", async () => {
  const levels: number[] = [];
  const narrow = { ...prior, sigmaRange: [0.05, 2] as const };
  await sample({ engine, prior: narrow, ...size, options, onProgress: ({ sigma }) => levels.push(sigma) });
  expect(levels[0]).toBe(2);
  expect(levels.at(-1)).toBeCloseTo(0.05, 12);
});

it("stops where it is told to and keeps what there is", async () => {
  const stopped = await sample({ engine, prior, ...size, options, samples: 3, stopAfter: 6 });
  expect([stopped.images.length, stopped.steps, stopped.stopped]).toEqual([2, 6, true]);
  await expect(sample({ engine, prior, ...size, signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: "aborted",
  });
});

it("refuses what it cannot draw", async () => {
  await expect(sample({ engine, prior, width: 4, height: 20 })).rejects.toMatchObject({ code: "size-mismatch" });
  await expect(sample({ engine, prior, ...size, options: { steps: 0 } })).rejects.toMatchObject({
    code: "invalid-option",
  });
  await expect(sample({ engine, prior, ...size, options: { stpes: 3 } })).rejects.toMatchObject({
    code: "invalid-option",
  });
  await expect(sample({ engine, prior: isotropicPrior(0, 1, { channels: 4 }), ...size })).rejects.toMatchObject({
    code: "invalid-model",
  });
});
