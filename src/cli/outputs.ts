import { readFile, realpath } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { TweedieError } from "../errors.ts";
import { checkWritable, isWithin } from "../node/files.ts";
import { formatFromPath, type ImageFormat } from "../pictures/index.ts";
import { UsageError } from "./errors.ts";
import { manifestMark } from "./manifest.ts";

/** Standard input as an input, standard output as an output. */
export const STANDARD = "-";

/** "-" or "jpg:-": does the name ask for standard output? */
export function isStandardOutput(output: string): boolean {
  return /^(?:\w+:)?-$/.test(output);
}

/** The format that a name asks for; standard output gets PNG unless it says otherwise ("webp:-"). @throws as `formatFromPath` */
export function outputFormat(output: string): ImageFormat {
  if (!isStandardOutput(output)) return formatFromPath(output);
  return output === STANDARD ? "png" : formatFromPath(`-.${output.slice(0, -2)}`);
}

/** Names of the results: OUT.png, or OUT-1.png, OUT-2.png, … */
export function picturePaths(output: string, count: number): string[] {
  if (count === 1) return [output];
  const ending = extname(output);
  const stem = join(dirname(output), basename(output, ending));
  return Array.from({ length: count }, (_, i) => `${stem}-${i + 1}${ending}`);
}

/** OUT.png → OUT-mask.png */
export function besidesPath(output: string, name: string): string {
  return join(dirname(output), `${basename(output, extname(output))}-${name}.png`);
}

/** Does the name ask for an array of numbers rather than a picture? */
export function isArrayFile(path: string): boolean {
  return extname(path).toLowerCase() === ".npy" || path.toLowerCase() === "npy:-";
}

/** OUT.png → OUT.json; standard output has no record unless one is named. */
export function manifestPath({ output, record }: Named): string | undefined {
  if (record !== undefined) return record;
  if (isStandardOutput(output)) return undefined;
  return join(dirname(output), `${basename(output, extname(output))}.json`);
}

/** The result and the record of a run, as the command line names them. */
export interface Named {
  readonly output: string;
  readonly record?: string | undefined;
}

/** All files that a run writes, its record last. */
export function targetsOf(named: Named, count: number, besides: readonly string[]): string[] {
  const { output } = named;
  const record = manifestPath(named);
  const results = isStandardOutput(output)
    ? []
    : [...picturePaths(output, count), ...besides.map((name) => besidesPath(output, name))];
  return record === undefined ? results : [...results, record];
}

/** Whether files lie in a folder, after symbolic links. @throws {TweedieError} not-writable */
export async function checkWithin(folder: string, paths: readonly string[]): Promise<void> {
  const root = await realpath(folder);
  for (const path of paths) {
    if (isWithin(root, await identity(path))) continue;
    throw new TweedieError("not-writable", {
      what: path,
      expected: `a result in the folder of its record, ${folder}`,
      got: "a place outside",
      hint: "say with -o where to write",
    });
  }
}

/**
 * Everything about the output that can be known before the work: the format, that the files can be written, that none of
 * them is an input, and that no foreign JSON file would be lost.
 */
export async function checkOutputs(
  named: Named,
  count: number,
  inputs: readonly string[],
  besides: readonly string[] = [],
): Promise<void> {
  const { output } = named;
  if (!isArrayFile(output)) outputFormat(output);
  if (isStandardOutput(output) && count + besides.length > 1)
    throw new UsageError({ what: "-o", expected: "a name, for several pictures are written", got: output });
  const targets = targetsOf(named, count, besides);
  const sources = new Map<string, string>();
  for (const path of inputs) sources.set(await identity(path), path);
  for (const path of targets) {
    const source = sources.get(await identity(path));
    if (source === undefined) continue;
    const expected = "an output that is none of the inputs";
    throw new TweedieError("invalid-option", { what: path, expected, got: `the input ${source}` });
  }
  for (const path of targets) await checkWritable(path);
  const record = manifestPath(named);
  if (record !== undefined) await checkForeign(record);
}

/** The file behind the links; for one that does not exist yet, its place. */
async function identity(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const folder = await realpath(dirname(path)).catch(() => resolve(dirname(path)));
    return join(folder, basename(path));
  }
}

async function checkForeign(path: string): Promise<void> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined || text.trim() === "" || text.includes(`"${manifestMark}"`)) return;
  throw new TweedieError("not-writable", {
    what: path,
    expected: "a free name for the record of the run",
    got: "a file that is no such record",
    hint: "move it away or choose another output name",
  });
}
