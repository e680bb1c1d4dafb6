import type { Command } from "commander";
import type { z } from "zod";
import type { Image } from "../pictures/index.ts";
import type { Planes, RestoreProgress } from "../restore/index.ts";
import { json } from "./common-options.ts";
import type { ExitCode } from "./errors.ts";
import { addOptions, type RawOptions, readOptions } from "./options.ts";
import type { Terminal } from "./terminal.ts";
import type { Inputs } from "./work/inputs.ts";
import type { MetricValues } from "./work/metrics.ts";

/** What a command's declaration is given. */
export interface Environment {
  readonly terminal: Terminal;
  /** Sets what the process ends with. */
  readonly exit: (code: ExitCode) => void;
}

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

/** What is known of a run once its arguments have been read. */
export interface Prepared<A> {
  /** With the defaults that depend on other arguments. */
  readonly args: A;
  /** The files to read, by the argument that names them; the model is read elsewhere. */
  readonly files: Readonly<Record<string, string>>;
  /** How many pictures will be written. */
  readonly count: number;
  /** Names of what will be written besides, see {@link Outcome.besides}. */
  readonly besides: readonly string[];
}

/** A command that makes pictures: it can be run, recorded in a manifest, and run again from there. */
export interface PictureCommand<A extends PictureArguments, P extends Prepared<A> = Prepared<A>> {
  readonly name: string;
  /** Checks arguments that come from a manifest. */
  readonly schema: z.ZodType<A>;
  /** Parses the texts among the arguments. @throws {UsageError} */
  prepare(args: A): Promise<P>;
  perform(prepared: P, inputs: Inputs, context: Context): Promise<Outcome<A>>;
}

export interface PictureArguments {
  output: string;
  /** Where the record of the run goes; by default beside the output. */
  record?: string | undefined;
  /** Of each picture that is read. */
  maxPixels?: number | undefined;
  /** The name of an embedded prior, or a file. */
  model?: string;
  /** A module to run before anything else. */
  operatorModule?: string;
}

/** Declares a command that makes pictures. @param argument the name of its argument, where it takes one */
export function declarePictures<A extends PictureArguments>(
  command: Command,
  schema: z.ZodObject & z.ZodType<A>,
  load: () => Promise<PictureCommand<A>>,
  { terminal, exit }: Environment,
  argument?: keyof A & string,
): void {
  const act = async (args: A, asJson: boolean) => {
    const { runPictures } = await import("./work/pictures.ts");
    exit(await runPictures(await load(), args, asJson, terminal));
  };
  declareOptions(command, schema, (args, asJson) => act(args as A, asJson), argument);
}

/**
 * Gives a command the options of its schema and `--json`.
 * @param act gets them read and checked
 * @param argument the name of the command's own argument, where it takes one
 */
export function declareOptions<S extends z.ZodObject>(
  command: Command,
  schema: S,
  act: (args: z.output<S>, asJson: boolean) => unknown,
  argument?: string,
): void {
  const withJson = schema.extend({ json });
  addOptions(command, withJson).action(async (...words: unknown[]) => {
    const raw = words[argument === undefined ? 0 : 1] as RawOptions;
    const given = argument === undefined ? {} : { [argument]: words[0] };
    const { json: asJson, ...args } = readOptions(withJson, raw, given);
    await act(args as z.output<S>, asJson === true);
  });
}
