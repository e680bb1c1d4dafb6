import * as z from "zod";

// Fields that the schemas of several architectures share.

export const positive = z.number().positive();
export const count = z.int().positive();
export const channels = z.int().positive().max(4096);
/** Channels of each level, the finest first; each level after the first has half the size of the one before. */
export const widths = z.array(channels).min(1).max(16);
/** Residual blocks of each level, the finest first. */
export const blocks = z.array(z.int().min(0).max(1000)).min(1).max(16);
/** Height and width must be multiples of this. */
export const multiple = count.max(4096);
