import { createEngine } from "../../node/engine.ts";
import type { NoiseModel } from "../../operators/index.ts";
import { formatTraits, maskImage } from "../../pictures/index.ts";
import {
  fromRange,
  holdsPicture,
  pagesRemark,
  type Simulation,
  simulate,
  simulationPicture,
} from "../../restore/index.ts";
import type { PictureCommand, Prepared, Product } from "../command.ts";
import { type DegradeArguments, degradeSchema } from "../commands/degrade.ts";
import { UsageError } from "../errors.ts";
import { isArrayFile, outputFormat } from "../outputs.ts";
import { digits } from "../progress.ts";
import { describeOptions } from "../report.ts";
import { type PreparedTask, prepareTask, rangeOf, toTask } from "./task.ts";

type PreparedDegrade = PreparedTask<DegradeArguments> & Prepared<DegradeArguments>;

export const degradeCommand: PictureCommand<DegradeArguments, PreparedDegrade> = {
  name: "degrade",
  schema: degradeSchema,

  async prepare(given) {
    const task = await prepareTask(given);
    checkCombination(task.args);
    const args = { ...task.args, noise: given.noise ?? 0 };
    const files = { image: given.image, ...task.files };
    return { ...task, args, files, count: 1, besides: given.saveMask ? ["mask"] : [] };
  },

  async perform(prepared, inputs, { signal }) {
    const { args } = prepared;
    const clean = inputs.isArray("image") ? inputs.array("image") : await inputs.image("image");
    const ranged = rangeOf(args, inputs);
    const [planes, image] =
      "shape" in clean ? [ranged ? fromRange(clean, ranged.range) : clean, undefined] : [undefined, clean];
    const task = await toTask(prepared, inputs, clean);
    const engine = await createEngine({ threads: args.threads, signal });
    try {
      const simulation = await simulate({ image, planes, task, noise: args.noise, seed: args.seed, engine, signal });
      const product = asProduct(simulation, args.output, image);
      const { mask } = simulation;
      return {
        pictures: [product],
        ...(args.saveMask && mask ? { besides: [{ name: "mask", picture: maskImage(mask) }] } : {}),
        resolved: { ...args, threads: engine.threads, ...(ranged ? { range: ranged.range } : {}) },
        record: { measurement: simulation.shape },
        summary: [
          ...describe(args, simulation, "alpha" in product && product.alpha !== undefined),
          ...notes(ranged?.remark, pagesRemark(image)),
        ],
      };
    } finally {
      await engine.dispose();
    }
  },
};

function checkCombination({ task, mask, noise, saveMask }: DegradeArguments): void {
  if (task === "inpaint" && mask === undefined)
    throw new UsageError({
      what: "--mask",
      expected: "a picture in which white marks what will be missing, or a kind of mask such as random:0.7",
      got: "nothing",
    });
  if (saveMask && task !== "inpaint")
    throw new UsageError({ what: "--save-mask", expected: "--task inpaint", got: `--task ${task}` });
  if (task === "denoise" && noise === undefined)
    throw new UsageError({ what: "--noise", expected: "the noise to add, such as 25/255", got: "nothing" });
}

function asProduct(simulation: Simulation, output: string, image: Parameters<typeof simulationPicture>[1]): Product {
  if (isArrayFile(output)) return { shape: simulation.shape, data: simulation.data };
  if (!holdsPicture(simulation))
    throw new UsageError({
      what: "-o",
      expected: `a .npy file, for a measurement of ${simulation.operator.name} is no picture`,
      got: output,
    });
  const damaged = simulationPicture(simulation, image);
  const { alpha: _, ...opaque } = damaged;
  const showsHoles = formatTraits[outputFormat(output)].alpha;
  return simulation.mask && !showsHoles ? opaque : damaged;
}

const notes = (...texts: readonly (string | undefined)[]): [string, string][] =>
  texts.flatMap((text) => (text === undefined ? [] : [["note", text] as [string, string]]));

function describe(args: DegradeArguments, { noise, task, mask }: Simulation, transparent: boolean): [string, string][] {
  const summary: [string, string][] = [
    ["task", task.name === "operator" ? describeOptions({ ...task.operator }) : task.name],
    ["noise", describeNoise(noise, args.seed)],
  ];
  if (mask) {
    const share = `${mask.missing} of ${mask.width * mask.height} pixels`;
    const how = isArrayFile(args.output)
      ? "0"
      : transparent
        ? "transparent"
        : "grey: this format has no transparency, so keep the mask";
    summary.push(["missing", `${share}, ${how}`]);
  }
  return summary;
}

function describeNoise(noise: NoiseModel, seed: number): string {
  if (noise.kind === "poisson") return `Poisson of rate ${digits(noise.rate)}, seed ${seed}`;
  if (noise.kind === "salt-pepper") return `salt and pepper in ${digits(100 * noise.fraction)} %, seed ${seed}`;
  return noise.sigma === 0 ? "none" : `${digits(noise.sigma)} (${digits(noise.sigma * 255)}/255), seed ${seed}`;
}
