import * as z from "zod";
import { TweedieError } from "../errors.ts";
import {
  autoencoderKlSchema,
  autoencoderVqSchema,
  conditionalUnetSchema,
  shuffleAutoencoderSchema,
  shuffleUnetSchema,
  tinyAutoencoderSchema,
} from "../networks/index.ts";
import { parse } from "../schema.ts";
import { onnxSchema } from "./onnx-network.ts";
import { preconditioningSchema } from "./preconditioning.ts";

const count = z.int().positive();
const channels = count.max(4096);
const side = count.max(1 << 20);

/** Priors in code; no card file can be loaded to one. */
const functionSchema = z.strictObject({ type: z.literal("function") });

const imageSchema = z.strictObject({
  channels,
  /** The values of clean pictures that the network was trained on: [-1, 1], [0, 1], … */
  range: z.tuple([z.number(), z.number()]).refine(([low, high]) => low < high, "expected two rising numbers"),
  colour: z.string().optional(),
  /** [height, width], where the network takes one size only. */
  size: z.tuple([side, side]).optional(),
});

/** A path below the card's folder, of plain names with slashes between them. */
const fileBelow = z
  .string()
  .regex(/^(?!\.{1,2}(\/|$))[^/\\:\0]+(\/(?!\.{1,2}(\/|$))[^/\\:\0]+)*$/, "expected a file in the card's folder");

const weightsSchema = z.strictObject({
  file: fileBelow,
  dtype: z.string().optional(),
  parameters: count.optional(),
  bytes: count.optional(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const records = {
  /** Where the training pictures came from. */
  data: z.array(z.looseObject({ name: z.string() })).optional(),
  training: z.looseObject({}).optional(),
  measured: z.looseObject({}).optional(),
};

const perChannel = <T extends z.ZodType<number>>(value: T) => z.union([value, z.array(value).min(1)]).optional();

/** The space that a latent model lives in. */
const latentAutoencoderSchema = z.strictObject({
  architecture: z.discriminatedUnion("type", [
    shuffleAutoencoderSchema,
    tinyAutoencoderSchema,
    autoencoderKlSchema,
    autoencoderVqSchema,
  ]),
  /** What the network's own latents are brought to zero mean and unit variance by, for all channels or each. */
  latents: z.looseObject({ mean: perChannel(z.number()), std: perChannel(z.number().positive()) }),
  weights: weightsSchema,
  ...records,
});

const familySchema = z.enum(["natural", "latent"]);

const cardSchema = z
  .strictObject({
    name: z.string().min(1),
    description: z.string(),
    licence: z.string(),
    image: imageSchema,
    architecture: z.discriminatedUnion("type", [shuffleUnetSchema, conditionalUnetSchema, onnxSchema, functionSchema]),
    preconditioning: preconditioningSchema.optional(),
    weights: weightsSchema.optional(),
    /** Latent models: network and noise levels are those of its latents, `image` that of the pictures. */
    autoencoder: latentAutoencoderSchema.optional(),
    /** The family whose tuned solver settings fit; "latent" for latent models unless it says otherwise. */
    settings: familySchema.optional(),
    ...records,
  })
  .superRefine(({ architecture, autoencoder, image }, ctx) => {
    const same = (path: string[], got: number, expected: number, what: string) => {
      if (got !== expected)
        ctx.addIssue({ code: "custom", path, message: `expected ${expected}, the channels of ${what}` });
    };
    if (autoencoder) same(["image", "channels"], image.channels, autoencoder.architecture.channels, "the autoencoder");
    if ("channels" in architecture)
      same(
        ["architecture", "channels"],
        architecture.channels,
        autoencoder ? autoencoder.architecture.latents : image.channels,
        autoencoder ? "the latents" : "the pictures",
      );
  });

/** What a model is, as data: its architecture, how it was trained, on what, under which licence, and how good it is. */
export type Card = z.infer<typeof cardSchema>;
export type LatentAutoencoder = z.infer<typeof latentAutoencoderSchema>;
/** A prior family that solver settings were tuned for. */
export type SettingsFamily = z.infer<typeof familySchema>;

/**
 * Reads a card from JSON text.
 * @param source the card's file name, for messages
 * @throws {TweedieError} invalid-model: names the first field at fault
 */
export function parseCard(text: string, source: string): Card {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new TweedieError("invalid-model", { what: source, expected: "a model card in JSON", got: "no JSON", cause });
  }
  return parse(cardSchema, data, source, "invalid-model");
}

/** What a card of this model should have, and has not. */
export function lacks(source: string, field: string): TweedieError {
  return new TweedieError("invalid-model", { what: source, expected: `a card with ${field}`, got: "none" });
}

/** The family whose tuned settings fit a model. */
export const familyOf = ({ settings, autoencoder }: Card): SettingsFamily | undefined =>
  settings ?? (autoencoder ? "latent" : undefined);
