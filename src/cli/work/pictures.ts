import { dirname, relative, resolve } from "node:path";
import { TweedieError } from "../../errors.ts";
import { encodeImage } from "../../node/codecs/index.ts";
import { sha256, writeTogether } from "../../node/files.ts";
import { encodeNpy } from "../../pictures/index.ts";
import { picturePlanes } from "../../restore/index.ts";
import type { Context, Outcome, PictureArguments, PictureCommand, Product } from "../command.ts";
import type { ExitCode } from "../errors.ts";
import { createManifest, type Manifest } from "../manifest.ts";
import {
  besidesPath,
  checkOutputs,
  checkWithin,
  isArrayFile,
  isStandardOutput,
  manifestPath,
  type Named,
  outputFormat,
  picturePaths,
  STANDARD,
  targetsOf,
} from "../outputs.ts";
import { describeProgress, StatusLine } from "../progress.ts";
import { formatSummary } from "../report.ts";
import { type Interrupt, interruptible } from "../signals.ts";
import type { Terminal } from "../terminal.ts";
import { Inputs, type RecordedFiles } from "./inputs.ts";
import { modelFile } from "./models.ts";

/** A finished run: the pictures as the bytes of their files, and its record. */
export interface Finished {
  readonly outcome: Outcome<PictureArguments>;
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array }[];
  readonly manifest: Manifest;
}

/** Runs a command as the command line asks for it, writes and reports. */
export async function runPictures<A extends PictureArguments>(
  command: PictureCommand<A>,
  args: A,
  asJson: boolean,
  terminal: Terminal,
): Promise<ExitCode> {
  const run = async (context: Context, { exitCode }: Interrupt) => {
    const finished = await perform(command, args, context);
    return { finished, code: exitCode() };
  };
  const { finished, code = 1 } = await withContext(asJson, terminal, run);
  await writeResults(finished, args, terminal);
  const record = manifestPath(args);
  // The result has standard output for itself.
  const out = isStandardOutput(args.output) ? terminal.err : terminal.out;
  if (asJson) out.write(`${JSON.stringify({ manifest: record, ...finished.manifest }, null, 2)}\n`);
  else out.write(`${report(command.name, finished, record)}\n`);
  const { stopped } = finished.outcome;
  if (stopped === undefined) return 0;
  const names = finished.files.map(({ path }) => path).join(", ");
  terminal.err.write(`tweedie: stopped ${stopped}: the best picture so far is kept in ${names}\n`);
  return code;
}

/** Calls work with a live progress bar and with Ctrl-C turned into an orderly stop. */
export async function withContext<T>(
  quiet: boolean,
  terminal: Terminal,
  work: (context: Context, interrupt: Interrupt) => Promise<T>,
): Promise<T> {
  const lines = new Map<string, StatusLine>();
  const clear = () => {
    for (const line of lines.values()) line.clear();
  };
  const notify = () => {
    clear();
    terminal.err.write("stopping after this step … (once more to quit at once)\n");
  };
  const progress: Context["progress"] = (label, p) => {
    const line = lines.get(label) ?? new StatusLine(terminal.err, { label, quiet });
    lines.set(label, line);
    line.update(describeProgress(p), p.fraction);
  };
  try {
    return await interruptible(notify, (interrupt) => work({ signal: interrupt.signal, progress }, interrupt));
  } finally {
    clear();
  }
}

/** What a run that repeats another has to keep to. */
export interface Recorded {
  /** What the input files have to be. */
  readonly inputs: RecordedFiles;
  /** The folder that results may go to; undefined for any. */
  readonly folder?: string;
}

/** Checks everything that can be known beforehand, then does the work. Nothing is written yet. */
export async function perform<A extends PictureArguments>(
  command: PictureCommand<A>,
  given: A,
  context: Context,
  recorded?: Recorded,
): Promise<Finished> {
  const prepared = await command.prepare(given);
  const { args, count, besides } = prepared;
  if (recorded?.folder !== undefined) await checkWithin(recorded.folder, targetsOf(args, count, besides));
  const model = args.model === undefined ? undefined : await modelFile(args.model);
  const sources = [...Object.values(prepared.files), ...(model === undefined ? [] : [model])];
  await checkOutputs(args, count, sources, besides);
  const inputs = await Inputs.read(prepared.files, { recorded: recorded?.inputs, maxPixels: args.maxPixels });

  const outcome = await command.perform(prepared, inputs, context);
  const paths = picturePaths(args.output, count);
  const files: { path: string; bytes: Uint8Array }[] = [];
  for (const [i, picture] of outcome.pictures.entries())
    files.push({ path: paths[i], bytes: await encode(picture, args.output) });
  for (const { name, picture } of outcome.besides ?? [])
    files.push({ path: besidesPath(args.output, name), bytes: await encodeImage(picture, { format: "png" }) });

  const base = dirname(resolve(manifestPath(args) ?? args.output));
  const place = (path: string): string =>
    path === STANDARD || isStandardOutput(path) ? path : relative(base, resolve(path)) || ".";
  const read = inputs.files.map(
    ([name, { path, sha256: hash }]) => [name, { path: place(path), sha256: hash }] as const,
  );
  const moved = Object.fromEntries(read.map(([name, { path }]) => [name, path]));
  const manifest = createManifest({
    command: command.name,
    arguments: {
      ...(outcome.resolved as object),
      ...moved,
      ...(model === undefined ? {} : { model: place(model) }),
      output: place(args.output),
      record: undefined,
    },
    inputs: Object.fromEntries(read),
    outputs: files.map(({ path, bytes }) => ({ path: place(path), sha256: sha256(bytes) })),
    run: { ...outcome.record, finished: new Date().toISOString() },
  });
  return { outcome, files, manifest };
}

/** A product as the bytes of its file; pictures in .npy files are numbers from -1 (black) to 1 (white). */
async function encode(product: Product, output: string): Promise<Uint8Array> {
  if (isArrayFile(output)) return encodeNpy("shape" in product ? product : picturePlanes(product));
  if (!("shape" in product)) return encodeImage(product, { format: outputFormat(output) });
  throw new TweedieError("internal", { what: output, expected: "a picture", got: "numbers" });
}

/** Writes the pictures and their record, all or none; to standard output what is meant for it. */
export async function writeResults({ files, manifest }: Finished, named: Named, { out }: Terminal): Promise<void> {
  const path = manifestPath(named);
  const record = path === undefined ? [] : [{ path, bytes: `${JSON.stringify(manifest, null, 2)}\n` }];
  const toStandard = isStandardOutput(named.output);
  await writeTogether(toStandard ? record : [...files, ...record]);
  if (toStandard) for (const { bytes } of files) out.write(bytes);
}

function report(name: string, { outcome, files }: Finished, record: string | undefined): string {
  const [first] = outcome.pictures;
  const list = files.length > 3 ? `${files[0].path} … ${files.at(-1)?.path}` : files.map(({ path }) => path).join(", ");
  const title = `tweedie ${name}${outcome.stopped === undefined ? "" : " (stopped early)"}`;
  return formatSummary(title, [
    ...outcome.summary,
    [
      "result",
      `${list} (${extent(first)}); ${record === undefined ? "no record (--record names one)" : `record of the run: ${record}`}`,
    ],
  ]);
}

function extent(product: Product): string {
  return "shape" in product ? `numbers [${product.shape.join(", ")}]` : `${product.width}x${product.height}`;
}
