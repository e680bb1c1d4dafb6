import { createHash } from "node:crypto";
import { readFile, realpath } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { TweedieError } from "../errors.ts";
import { checkWritable, readBytes } from "../node/files.ts";
import { formatFromPath } from "../pictures/index.ts";
import { manifestMark } from "./manifest.ts";

/** sha256 in hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export async function hashFile(path: string): Promise<string> {
  return sha256(await readBytes(path));
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
  return extname(path).toLowerCase() === ".npy";
}

/** OUT.png → OUT.json */
export function manifestPath(output: string): string {
  return join(dirname(output), `${basename(output, extname(output))}.json`);
}

/**
 * Everything about the output that can be known before the work: the format, that the files can be written, that none of
 * them is an input, and that no foreign JSON file would be lost.
 */
export async function checkOutputs(
  output: string,
  count: number,
  inputs: readonly string[],
  besides: readonly string[] = [],
): Promise<void> {
  if (!isArrayFile(output)) formatFromPath(output);
  const manifest = manifestPath(output);
  const more = besides.map((name) => besidesPath(output, name));
  const targets = [...picturePaths(output, count), ...more, manifest];
  const sources = new Map<string, string>();
  for (const path of inputs) sources.set(await identity(path), path);
  for (const path of targets) {
    const source = sources.get(await identity(path));
    if (source === undefined) continue;
    const expected = "an output that is none of the inputs";
    throw new TweedieError("invalid-option", { what: path, expected, got: `the input ${source}` });
  }
  await checkWritable(targets[0]);
  for (const path of targets.slice(1)) await checkWritable(path);
  await checkForeign(manifest);
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
