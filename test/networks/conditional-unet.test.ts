import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createSchedule,
  epsPrediction,
  scheduleTime,
  vPrediction,
  wrapNetwork,
  x0Prediction,
} from "../../src/diffusion/index.ts";
import type { Engine } from "../../src/engine/index.ts";
import { type ConditionalUnet, conditionalUnet, readNetwork } from "../../src/networks/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import { conditioned, guided } from "../../src/priors/guidance.ts";
import { constant, evaluate, type Tensor } from "../../src/tensor/index.ts";
import { expectClose, relativeError } from "../helpers/close.ts";
import { type GoldenNetwork, goldenNetwork, outputAndVjp } from "../latent/golden.ts";

const networks = {
  plain: await goldenNetwork("unet-plain"),
  text: await goldenNetwork("unet-text"),
  class: await goldenNetwork("unet-class"),
};
const make = ({ architecture, weights }: GoldenNetwork) =>
  readNetwork(weights, (reader) => conditionalUnet(reader, architecture as unknown as ConditionalUnet));
const classUnet = await make(networks.class);
const conditionOf = ({ golden }: GoldenNetwork) => ({
  context: golden.has("context") ? golden.tensor("context") : undefined,
  label: golden.has("label") ? golden.tensor("label") : undefined,
});

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

describe.each(["plain", "text", "class"] as const)(
  "the U-Net of random weights, %s (golden values: PyTorch, float64)",
  (name) => {
    const network = networks[name];
    const { golden } = network;

    test("output and VJP", async () => {
      const unet = await make(network);
      const f = (u: Tensor) => unet(u, golden.tensor("time"), conditionOf(network));
      const [x, v] = [golden.tensor("x"), golden.tensor("v")];
      const exact = await outputAndVjp(f, x, v);
      expect(relativeError(exact.y, golden.values("y"))).toBeLessThan(1e-6);
      expect(relativeError(exact.g, golden.values("vjp"))).toBeLessThan(1e-6);
      const fast = await outputAndVjp(f, x, v, engine);
      expect(relativeError(fast.y, golden.values("y"))).toBeLessThan(1e-4);
      expect(relativeError(fast.g, golden.values("vjp"))).toBeLessThan(1e-4);
    });
  },
);

test("a network with cross-attention asks for its context", async () => {
  const { golden } = networks.text;
  const unet = await make(networks.text);
  expect(() => unet(golden.tensor("x"), golden.tensor("time"))).toThrow("expected context tokens [N or 1, T, 6]");
});

describe("classifier-free guidance", () => {
  const { golden } = networks.class;
  const raw = classUnet;
  const [u, time] = [golden.tensor("x"), golden.tensor("time")];
  const one = { label: constant([4], [1], "int64") };
  const none = { label: constant([0], [1], "int64") };
  const F = (condition: typeof one) => raw(u, time, { label: condition.label.expand([2]) });

  test("F = F(∅) + w (F(c) − F(∅)), with one condition for the whole batch", () => {
    const [got, free, told] = evaluate([guided(raw, one, none, 3)(u, time), F(none), F(one)]).map((r) => r.data);
    expectClose(
      got,
      free.map((f, i) => f + 3 * (told[i] - f)),
      1e-9,
    );
  });

  test("w = 1 is the conditional network alone", () => {
    const [a, b] = evaluate([
      guided(raw, { label: one.label.expand([2]) }, none, 1)(u, time),
      conditioned(raw, { label: one.label.expand([2]) })(u, time),
    ]);
    expect([...a.data]).toEqual([...b.data]);
  });

  test.each([
    ["eps", epsPrediction],
    ["v", vPrediction],
    ["x0", x0Prediction],
  ] as const)("guides the denoiser of a network that predicts %s by the same formula", (_, prediction) => {
    const schedule = createSchedule({ type: "scaled-linear", betaStart: 0.00085, betaEnd: 0.012 });
    const range = [schedule.sigma[0], schedule.sigma[schedule.sigma.length - 1]] as const;
    const parametrization = prediction(scheduleTime(schedule));
    const sigma = constant(1.3);
    const D = (network: ReturnType<typeof guided>) => wrapNetwork(network, parametrization, range)(u, sigma);
    const at = (condition: typeof one) => D(conditioned(raw, { label: condition.label.expand([2]) }));
    const [got, free, told] = evaluate([D(guided(raw, one, none, 2.5)), at(none), at(one)]).map((r) => r.data);
    expectClose(
      got,
      free.map((f, i) => f + 2.5 * (told[i] - f)),
      1e-9,
    );
  });
});
