import * as z from "zod";
import { noiseSchema } from "../operators/noise-model.ts";
import { parseNoise } from "./noise-text.ts";
import { option, readNames, readWhole } from "./options.ts";

// The options that several commands have. The same option means the same everywhere.

const names = (flag: string, help: string) =>
  option(z.array(z.string().min(1)).optional(), {
    flag,
    help,
    expected: "names separated by commas",
    read: readNames,
  });

export const json = option(z.boolean().optional(), { flag: "--json", help: "print JSON instead of text" });

export const threads = option(z.int().min(1).max(1024).optional(), {
  flag: "--threads <N>",
  help: "threads to compute with (default: all cores)",
});

export const seed = option(z.int().min(0).default(0), {
  flag: "--seed <N>",
  help: "the same seed gives the same result (default: 0)",
});

export const size = option(
  z
    .string()
    .regex(/^\d{1,5}x\d{1,5}$/)
    .optional(),
  {
    flag: "--size <WxH>",
    help: "size in pixels, such as 256x256",
    expected: "WIDTHxHEIGHT, such as 256x256",
  },
);

export const samples = option(z.int().min(1).max(1000).default(1), {
  flag: "--samples <N>",
  help: "how many results to draw: OUT-1.png, … (default: 1)",
});

export const steps = option(z.int().min(1).max(100_000).optional(), {
  flag: "--steps <N>",
  help: "steps of the solver",
});

export const solverOption = option(z.record(z.string(), z.unknown()).default({}), {
  flag: "--option <KEY=VALUE>",
  help: "an option of the solver or sampler",
  expected: "key=value, such as lambda=0.5",
});

export const param = option(z.record(z.string(), z.unknown()).optional(), {
  flag: "--param <KEY=VALUE>",
  help: "an option of the operator (jpeg: quality=10)",
  expected: "key=value, such as quality=10",
});

export const model = option(z.string().min(1).default("natural"), {
  flag: "--model <NAME>",
  help: "an embedded prior or an ONNX file with a card (default: natural)",
  alias: "--prior <NAME>",
});

/** What every command that makes pictures has. */
export const pictureOptions = {
  output: option(z.string().min(1), {
    flag: "-o, --output <OUT>",
    help:
      "the result: .png, .jpg, .webp, .tiff, .avif or .npy; OUT.json records the run; - writes a PNG to standard output, " +
      "webp:- or npy:- another format, without a record",
    expected: "a name for the result, such as OUT.png",
  }),
  record: option(z.string().min(1).optional(), {
    flag: "--record <FILE.json>",
    help: "where the record of the run goes (default: OUT.json)",
  }),
  seed,
  threads,
  /** Of a run that was stopped: as many steps are repeated. */
  stopAfter: z.int().min(1).optional(),
};

/** "0..1", "-1..1", "0..4095", "uint8" */
function readRange(text: string): { black: number; white: number } | undefined {
  const named: Readonly<Record<string, number>> = { uint8: 255, uint16: 65535 };
  if (Object.hasOwn(named, text)) return { black: 0, white: named[text] };
  const match = /^(-?\d*\.?\d+)\.\.(-?\d*\.?\d+)$/.exec(text);
  if (!match) return undefined;
  const [black, white] = [Number(match[1]), Number(match[2])];
  return black === white ? undefined : { black, white };
}

export const range = option(z.strictObject({ black: z.number(), white: z.number() }).optional(), {
  flag: "--range <BLACK..WHITE>",
  help:
    "what stands for black and white in the picture of a .npy input, or in the picture that was measured: -1..1, 0..1, " +
    "0..255, uint8, uint16, … (results in .npy are always -1..1)",
  expected: "BLACK..WHITE, such as 0..1 or 0..255, uint8 or uint16",
  read: readRange,
});

export const maxPixels = option(
  z
    .int()
    .min(1)
    .max(2 ** 40)
    .optional(),
  {
    flag: "--max-pixels <N>",
    help: "pixels that a picture, and the result, may have at most (default: 100000000)",
  },
);

/** What is wrong with a picture: plain data, files by name. */
export const taskOptions = {
  /** A task with options of its own, or the name of an operator. */
  task: option(z.string().min(1).optional(), {
    flag: "--task <TASK>",
    help: "inpaint, super-resolution, deblur, denoise, colorize, compressed-sensing, hdr, jpeg, …: tweedie tasks lists all",
  }),
  operatorModule: option(z.string().min(1).optional(), {
    flag: "--operator-module <FILE.ts>",
    help: "a module that defines the task's operator, as tweedie check tests it; it runs with your rights",
  }),
  param,
  mask: option(z.string().min(1).optional(), {
    flag: "--mask <MASK>",
    help:
      "inpaint: a picture in which white marks what is missing, random:0.7, box:64, free-form:0.25, half:left or " +
      "expand:0.5 (default: the transparent pixels); mri: a picture or .npy in which white or 1 marks what was measured " +
      "(default: the entries that are not 0)",
  }),
  maps: option(z.string().min(1).optional(), {
    flag: "--maps <FILE.npy>",
    help: "mri: the coils' sensitivities, complex numbers [coils, height, width]",
  }),
  maskSeed: option(z.int().min(0).optional(), {
    flag: "--mask-seed <N>",
    help: "inpaint: the same seed gives the same mask (default: --seed)",
  }),
  scale: option(z.int().min(2).max(16).optional(), {
    flag: "--scale <N>",
    help: "super-resolution: how many times as wide and high",
  }),
  kernel: option(z.string().min(1).optional(), {
    flag: "--kernel <KERNEL>",
    help:
      "super-resolution: box, bicubic, bicubic-ddrm or bicubic-pillow; deblur: gaussian:STD, motion:LENGTH,ANGLE, " +
      "uniform:SIZE, anisotropic:STD,ACROSS, trajectory:SIZE,INTENSITY,SEED, ddrm-gaussian, … or FILE.png",
  }),
  kernelCentre: option(z.enum(["keep", "auto"]).optional(), {
    flag: "--kernel-centre <HOW>",
    help: "deblur by a kernel file: keep its place, or auto, which moves its centre of mass to the middle (default: keep)",
  }),
  border: option(z.enum(["reflect", "zero", "circular"]).optional(), {
    flag: "--border <BORDER>",
    help: "deblur: reflect, zero or circular (default: reflect)",
  }),
  noise: option(z.union([z.number().min(0).max(1), noiseSchema]).optional(), {
    flag: "--noise <NOISE>",
    help:
      "standard deviation on the 0..1 scale, such as 0.05 or 25/255, poisson:RATE or salt-pepper:FRACTION " +
      "(restore: estimated by default)",
    expected: "a standard deviation from 0 to 1, such as 0.05 or 25/255, poisson:RATE or salt-pepper:FRACTION",
    read: parseNoise,
  }),
};

/** Which part of a bench file to compute. */
export const selectionOptions = {
  tasks: names("--tasks <NAMES>", "only these tasks, separated by commas"),
  solvers: names("--solvers <NAMES>", "only these solvers, by name or label"),
  priors: names("--priors <NAMES>", "only these priors"),
  images: names("--images <NAMES>", "only these picture sets"),
  limit: option(z.int().min(1).max(1_000_000).optional(), {
    flag: "--limit <N>",
    help: "only the first N pictures of each set",
  }),
};

/** A side of tiles: a record may hold smaller ones than can be asked for. */
export const tile = option(z.int().min(1).max(8192).optional(), {
  flag: "--tile <PIXELS>",
  help: "side of the tiles of large pictures (default: 512)",
  expected: "a whole number from 64 to 8192",
  read: (text) => {
    const side = readWhole(text);
    return side !== undefined && side >= 64 ? side : undefined;
  },
});
