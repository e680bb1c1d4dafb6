import { z } from "zod";
import { TweedieError } from "../errors.ts";

const positive = z.number().positive();
const count = z.int().positive();
const channels = z.int().positive().max(4096);

const scheduleSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("linear"),
    steps: count.optional(),
    betaStart: positive.optional(),
    betaEnd: positive.optional(),
  }),
  z.strictObject({
    type: z.literal("scaled-linear"),
    steps: count.optional(),
    betaStart: positive.optional(),
    betaEnd: positive.optional(),
  }),
  z.strictObject({
    type: z.literal("cosine"),
    steps: count.optional(),
    offset: positive.optional(),
    minBeta: z.number().min(0).optional(),
    maxBeta: positive.optional(),
  }),
  z.strictObject({ type: z.literal("alphas-cumprod"), values: z.array(z.number()).min(2) }),
]);

/** How the network's input, output and time relate to E[x0|x]; noise levels are on the network's own value scale. */
const preconditioningSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("edm"),
    sigmaData: positive,
    sigmaMin: positive,
    sigmaMax: positive,
  }),
  z.strictObject({
    type: z.literal("vp"),
    prediction: z.enum(["eps", "x0", "v"]),
    schedule: scheduleSchema,
    /** Default: the ends of the schedule. */
    sigmaMin: positive.optional(),
    sigmaMax: positive.optional(),
  }),
  z.strictObject({
    type: z.literal("flow"),
    /** Which end of time is the clean picture. */
    cleanAt: z.union([z.literal(0), z.literal(1)]).optional(),
    sigmaMin: positive.optional(),
    sigmaMax: positive.optional(),
  }),
  z.strictObject({
    type: z.literal("ve"),
    prediction: z.enum(["x0", "eps"]),
    time: z.enum(["sigma", "log-sigma"]).optional(),
    sigmaMin: positive,
    sigmaMax: positive,
  }),
]);

const shuffleUnetSchema = z.strictObject({
  type: z.literal("shuffle-unet"),
  channels,
  /** The picture is un-shuffled by this factor before the first convolution. */
  shuffle: count,
  /** Channels of each level, the finest first. */
  widths: z.array(channels).min(1),
  /** Residual blocks of each level, on the way down and again on the way up. */
  blocks: z.array(z.int().min(0)).min(1),
  /** Hidden and final numbers of the noise embedding. */
  embedding: z.tuple([channels, channels]),
  /**
   * A second path of `depth` plain convolutions between its first and last, for pictures with EDM's preconditioning alone, to what is
   * finer than a Gaussian of standard deviation `lowPass` un-shuffled pixels.
   */
  detail: z.strictObject({ width: channels, depth: count, sigmaData: positive, lowPass: positive }).optional(),
  /** Height and width must be multiples of this. */
  multiple: count,
});

const conditionalUnetSchema = z.strictObject({
  type: z.literal("conditional-unet"),
  channels,
  /** Channels of each level, the finest first. */
  widths: z.array(channels).min(1),
  /** Residual blocks of each level on the way down; one more on the way up. */
  layers: count,
  /** Which levels have attention. */
  attention: z.array(z.boolean()).min(1),
  heads: count,
  groups: count,
  /** Width of the context tokens, where there is cross-attention. */
  context: count.optional(),
  /** Number of classes, where there are. */
  classes: count.optional(),
  multiple: count,
});

const shuffleLevelsSchema = z.strictObject({
  widths: z.array(channels).min(1),
  blocks: z.array(z.int().min(0)).min(1),
});

const autoencoderKlFields = {
  channels,
  latents: channels,
  widths: z.array(channels).min(1),
  layers: count,
  groups: count,
  attention: z.boolean().optional(),
  quantConv: z.boolean().optional(),
};

/** Architectures of src/latent; what their fields mean is said there. */
const autoencoderSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("shuffle-autoencoder"),
    channels,
    latents: channels,
    shuffle: count,
    encoder: shuffleLevelsSchema,
    decoder: shuffleLevelsSchema,
    factor: count,
  }),
  z.strictObject({
    type: z.literal("tiny-autoencoder"),
    channels,
    latents: channels,
    width: channels,
    pool: z.boolean(),
  }),
  z.strictObject({ type: z.literal("autoencoder-kl"), ...autoencoderKlFields }),
  z.strictObject({ type: z.literal("autoencoder-vq"), ...autoencoderKlFields, entries: count }),
]);

const onnxSchema = z.strictObject({
  type: z.literal("onnx"),
  inputs: z.strictObject({ image: z.string(), time: z.string() }),
  output: z.string(),
  /** The network's time is `scale` times the preconditioning's (1000 for flows that count to 1000). */
  timeScale: positive.optional(),
  /** Round time to whole numbers even where the input is real. Integer inputs are always rounded. */
  roundTime: z.boolean().optional(),
  /** Height and width must be multiples of this; 1 by default. */
  multiple: count.optional(),
  /** Values of further inputs (a class label, a fixed prompt), by input name. */
  constants: z.record(z.string(), z.union([z.number(), z.array(z.number())])).optional(),
});

const closedFormSchema = z.strictObject({ type: z.enum(["gaussian", "mixture"]), dimension: count });

const imageSchema = z.strictObject({
  channels,
  /** The values of clean pictures that the network was trained on: [-1, 1], [0, 1], … */
  range: z.tuple([z.number(), z.number()]),
  colour: z.string().optional(),
  /** [height, width], where the network takes one size only. */
  size: z.tuple([count, count]).optional(),
});

const weightsSchema = z.strictObject({
  file: z.string(),
  dtype: z.string().optional(),
  parameters: count.optional(),
  bytes: count.optional(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const perChannel = z.union([z.number(), z.array(z.number()).min(1)]);

/** The space that a latent model lives in. */
const latentAutoencoderSchema = z.strictObject({
  architecture: autoencoderSchema,
  /** What the network's own latents are brought to zero mean and unit variance by, for all channels or each. */
  latents: z.looseObject({ mean: perChannel.optional(), std: perChannel.optional() }),
  weights: weightsSchema,
  data: z.array(z.looseObject({ name: z.string() })).optional(),
  training: z.looseObject({}).optional(),
  measured: z.looseObject({}).optional(),
});

const common = {
  name: z.string().min(1),
  description: z.string(),
  licence: z.string(),
  image: imageSchema,
  /** Where the training pictures came from. */
  data: z.array(z.looseObject({ name: z.string() })).optional(),
  training: z.looseObject({}).optional(),
  measured: z.looseObject({}).optional(),
};

const cardSchema = z.strictObject({
  ...common,
  architecture: z.discriminatedUnion("type", [shuffleUnetSchema, conditionalUnetSchema, onnxSchema, closedFormSchema]),
  preconditioning: preconditioningSchema.optional(),
  weights: weightsSchema.optional(),
  /** Latent models: network and noise levels are those of its latents, `image` that of the pictures. */
  autoencoder: latentAutoencoderSchema.optional(),
});

/** What a model is, as data: its architecture, how it was trained, on what, under which licence, and how good it is. */
export type Card = z.infer<typeof cardSchema>;
export type LatentAutoencoder = z.infer<typeof latentAutoencoderSchema>;
export type Preconditioning = z.infer<typeof preconditioningSchema>;
export type ShuffleUnet = z.infer<typeof shuffleUnetSchema>;
export type OnnxArchitecture = z.infer<typeof onnxSchema>;

/**
 * Reads a card from JSON text.
 * @param source the card's file name, for messages
 * @throws invalid-model that names the first field at fault
 */
export function parseCard(text: string, source: string): Card {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new TweedieError("invalid-model", { what: source, expected: "a model card in JSON", got: "no JSON", cause });
  }
  const parsed = cardSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue.path.length > 0 ? ` (${issue.path.join(".")})` : "";
  throw new TweedieError("invalid-model", {
    message: `${source}${field}: not a model card: ${issue.message}`,
    expected: "a model card",
    got: issue.message,
    cause: parsed.error,
  });
}
