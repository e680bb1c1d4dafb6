import type { z } from "zod";
import type { Image } from "../pictures/index.ts";
import type { Planes, RestoreProgress } from "../restore/index.ts";
import type { MetricValues } from "./metrics.ts";

/** What a running command may use. */
export interface Context {
  readonly signal: AbortSignal;
  /** Reports progress under a short name of the work. */
  readonly progress: (label: string, progress: RestoreProgress) => void;
}

/** What a command has made: a picture, or numbers that only a .npy file can hold as they are. */
export type Product = Image | Planes;

/** What a command has done: its products, a record for the manifest, and what to tell the user. */
export interface Outcome<A> {
  readonly pictures: readonly Product[];
  /** Other pictures, to be written as OUT-NAME.png. */
  readonly besides?: readonly { readonly name: string; readonly picture: Image }[];
  /** The arguments with every default filled in: what a replay starts from. */
  readonly resolved: A;
  /** Facts of the run, as plain data. */
  readonly record: Readonly<Record<string, unknown>>;
  /** "label: text" pairs, in order, for people. */
  readonly summary: readonly (readonly [label: string, text: string])[];
  readonly metrics?: MetricValues;
  /** When a signal ended it early: what is missing, in words. */
  readonly stopped?: string;
}

/** A command that makes pictures: it can be run, recorded in a manifest, and run again from there. */
export interface PictureCommand<A extends PictureArguments> {
  readonly name: string;
  /** Checks arguments that come from a manifest. */
  readonly schema: z.ZodType<A>;
  /** The files it reads, by the name of the argument that names them. */
  files(args: A): Readonly<Partial<Record<keyof A & string, string>>>;
  /** How many pictures it will write. */
  count(args: A): number;
  /** Names of what it will write besides, see {@link Outcome.besides}. */
  besides?(args: A): readonly string[];
  perform(args: A, context: Context): Promise<Outcome<A>>;
}

export interface PictureArguments {
  output: string;
  /** The name of an embedded prior, or a file. */
  model?: string;
}
