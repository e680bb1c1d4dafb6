import * as z from "zod";

const rectangle = {
  top: z.int().nonnegative(),
  left: z.int().nonnegative(),
  height: z.int().positive(),
  width: z.int().positive(),
};
const fraction = z.number().min(0).max(1);
const seed = z.int().nonnegative();

/** Which pixels of a picture are known, as plain JSON: the bits themselves, or how to make them. */
export const maskSchema = z.discriminatedUnion("type", [
  /** One bit a pixel, 1 = known, row-major and packed from the highest bit of each byte on, in base64. */
  z.strictObject({
    type: z.literal("bits"),
    height: z.int().positive(),
    width: z.int().positive(),
    channels: z.int().positive(),
    known: z.string(),
  }),
  /** A rectangle is missing. */
  z.strictObject({ type: z.literal("box"), ...rectangle }),
  /** A rectangle somewhere at least `margin` pixels from the border is missing (DPS: 128² in 256², margin 16). */
  z.strictObject({
    type: z.literal("random-box"),
    height: z.int().positive(),
    width: z.int().positive(),
    margin: z.int().nonnegative().default(0),
    seed,
  }),
  /** Only a rectangle is known: the picture is to be continued outwards. */
  z.strictObject({ type: z.literal("outside"), ...rectangle }),
  /** Only the centre is known, this fraction of each side. */
  z.strictObject({ type: z.literal("expand"), known: fraction }),
  /** One half is missing. */
  z.strictObject({ type: z.literal("half"), side: z.enum(["left", "right", "top", "bottom"]) }),
  /** Exactly round(missing·H·W) pixels are missing, all channels of a pixel together. */
  z.strictObject({ type: z.literal("random"), missing: fraction, seed }),
  /** Brush strokes cover this fraction, or one drawn from `missing` to `most` (see {@link strokes}). */
  z.strictObject({ type: z.literal("free-form"), missing: fraction, most: fraction.optional(), seed }),
]);

/** A mask as plain JSON; defaults may be left out. */
export type MaskSpec = z.input<typeof maskSchema>;
