import { z } from "zod";
import { createEngine } from "../../engine/index.ts";
import { decodeImage, formatFromPath, formatTraits } from "../../images/index.ts";
import { degrade } from "../../restore/index.ts";
import { type RawOptions, readOption, readTask, type TaskArguments } from "../arguments.ts";
import type { PictureCommand } from "../command.ts";
import { UsageError } from "../errors.ts";
import { digits } from "../progress.ts";
import { kernelFile, loadTask } from "../task.ts";
import { taskShape } from "./restore.ts";

export interface DegradeArguments extends TaskArguments {
  image: string;
  output: string;
  noise: number;
  seed: number;
  threads?: number;
}

const schema = z.strictObject({
  ...taskShape,
  image: z.string(),
  output: z.string(),
  noise: z.number().min(0).max(1),
  seed: z.int().min(0),
  threads: z.int().min(1).optional(),
});

/** Reads the command line. @throws UsageError */
export function readDegradeArguments(image: string, raw: RawOptions): DegradeArguments {
  const task = readTask(raw);
  const noise = readOption(raw, "noise");
  if (task.task === "inpaint" && task.mask === undefined)
    throw new UsageError({
      what: "--mask",
      expected: "a picture in which white marks what will be missing",
      got: "nothing",
    });
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
  };
}

export const degradeCommand: PictureCommand<DegradeArguments> = {
  name: "degrade",
  schema,

  files: (args) => ({ image: args.image, mask: args.mask, kernel: kernelFile(args) }),

  count: () => 1,

  async perform(args, { signal }) {
    const image = await decodeImage(args.image);
    const task = await loadTask(args, image);
    const engine = await createEngine({ threads: args.threads, signal });
    try {
      const damaged = await degrade({ image, task, noise: args.noise, seed: args.seed, engine, signal });
      const { alpha: _, ...opaque } = damaged;
      const showsHoles = formatTraits[formatFromPath(args.output)].alpha;
      const dropped = args.task === "inpaint" && !showsHoles;
      const summary: [string, string][] = [
        ["task", args.task],
        [
          "noise",
          args.noise === 0 ? "none" : `${digits(args.noise)} (${digits(args.noise * 255)}/255), seed ${args.seed}`,
        ],
      ];
      if (args.task === "inpaint")
        summary.push(["missing", dropped ? "grey: this format has no transparency, so keep the mask" : "transparent"]);
      return {
        pictures: [dropped ? opaque : damaged],
        resolved: { ...args, threads: engine.threads },
        record: {},
        summary,
      };
    } finally {
      await engine.dispose();
    }
  },
};
