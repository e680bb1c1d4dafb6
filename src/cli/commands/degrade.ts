import { z } from "zod";
import { loadOperators } from "../../check/index.ts";
import { createEngine } from "../../engine/index.ts";
import { readImage } from "../../node/pictures.ts";
import { type NoiseModel, noiseSchema } from "../../operators/index.ts";
import { formatFromPath, formatTraits, maskImage } from "../../pictures/index.ts";
import { holdsPicture, type Simulation, simulate, simulationPicture } from "../../restore/index.ts";
import { type RawOptions, readOption } from "../arguments.ts";
import type { PictureCommand, Product } from "../command.ts";
import { UsageError } from "../errors.ts";
import { isArrayFile } from "../files.ts";
import { digits } from "../progress.ts";
import { describeOptions } from "../report.ts";
import { kernelFile, loadTask, maskFile } from "../task.ts";
import { readTask, type TaskArguments } from "../task-arguments.ts";
import { readArray } from "./array.ts";
import { taskShape } from "./restore.ts";

export interface DegradeArguments extends TaskArguments {
  image: string;
  output: string;
  noise: number | NoiseModel;
  seed: number;
  threads?: number;
  saveMask?: boolean;
}

const schema = z.strictObject({
  ...taskShape,
  image: z.string(),
  output: z.string(),
  noise: z.union([z.number().min(0).max(1), noiseSchema]),
  seed: z.int().min(0),
  threads: z.int().min(1).optional(),
  saveMask: z.boolean().optional(),
});

/** Reads the command line. @throws UsageError */
export function readDegradeArguments(image: string, raw: RawOptions): DegradeArguments {
  const task = readTask(raw);
  const noise = readOption(raw, "noise");
  if (task.task === "inpaint" && task.mask === undefined)
    throw new UsageError({
      what: "--mask",
      expected: "a picture in which white marks what will be missing, or a kind of mask such as random:0.7",
      got: "nothing",
    });
  if (raw.saveMask && task.task !== "inpaint")
    throw new UsageError({ what: "--save-mask", expected: "--task inpaint", got: `--task ${task.task}` });
  if (task.task === "denoise" && noise === undefined)
    throw new UsageError({ what: "--noise", expected: "the noise to add, such as 25/255", got: "nothing" });
  const threads = readOption(raw, "threads");
  return {
    image,
    output: readOption(raw, "output") ?? "",
    ...task,
    noise: noise ?? 0,
    seed: readOption(raw, "seed") ?? 0,
    ...(threads === undefined ? {} : { threads }),
    ...(raw.saveMask ? { saveMask: true } : {}),
  };
}

export const degradeCommand: PictureCommand<DegradeArguments> = {
  name: "degrade",
  schema,

  files(args) {
    return { image: args.image, mask: maskFile(args), kernel: kernelFile(args), operator: args.operator };
  },

  count: () => 1,

  besides: ({ saveMask }) => (saveMask ? ["mask"] : []),

  async perform(args, { signal }) {
    if (args.operator !== undefined) await loadOperators(args.operator);
    const planes = isArrayFile(args.image) ? await readArray(args.image) : undefined;
    const image = planes ? undefined : await readImage(args.image);
    const task = await loadTask(args, planes ?? image);
    const engine = await createEngine({ threads: args.threads, signal });
    try {
      const simulation = await simulate({ image, planes, task, noise: args.noise, seed: args.seed, engine, signal });
      const product = asProduct(simulation, args.output, image);
      const { mask } = simulation;
      return {
        pictures: [product],
        ...(args.saveMask && mask ? { besides: [{ name: "mask", picture: maskImage(mask) }] } : {}),
        resolved: { ...args, threads: engine.threads },
        record: { measurement: simulation.shape },
        summary: describe(args, simulation, "alpha" in product && product.alpha !== undefined),
      };
    } finally {
      await engine.dispose();
    }
  },
};

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
  const showsHoles = formatTraits[formatFromPath(output)].alpha;
  return simulation.mask && !showsHoles ? opaque : damaged;
}

function describe(args: DegradeArguments, { noise, task, mask }: Simulation, transparent: boolean): [string, string][] {
  const summary: [string, string][] = [
    ["task", task.name === "operator" ? describeOptions({ ...task.operator }) : args.task],
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
