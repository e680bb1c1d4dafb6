import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import { TweedieError } from "../errors.ts";
import { writeAtomic } from "../node/files.ts";
import { listPriors, loadPrior } from "../node/models.ts";
import type { Context, PictureArguments, PictureCommand } from "./command.ts";
import { degradeCommand } from "./commands/degrade.ts";
import { restoreCommand } from "./commands/restore.ts";
import { sampleCommand } from "./commands/sample.ts";
import { type Finished, locate, perform, writeResults } from "./execute.ts";
import { hashFile, sha256 } from "./files.ts";
import { type Manifest, readManifest, versions } from "./manifest.ts";

const commands: readonly PictureCommand<PictureArguments>[] = [restoreCommand, degradeCommand, sampleCommand];

/** What a replay found. */
export interface Replay {
  readonly finished: Finished;
  /** Did every file come out as it was recorded? */
  readonly same: boolean;
  /** Circumstances that differ from the recorded ones, in words. */
  readonly differences: readonly string[];
  /** The files written; none when they were there already. */
  readonly written: readonly string[];
}

/**
 * Repeats the run that a manifest records and compares the bytes.
 * @param output where to write instead of the recorded name
 * @throws TweedieError when an input, the model or an existing result is not the recorded one
 */
export async function replay(path: string, output: string | undefined, context: Context): Promise<Replay> {
  const manifest = await readManifest(path);
  const command = commands.find(({ name }) => name === manifest.command);
  if (!command) {
    const expected = `a record of ${commands.map(({ name }) => name).join(", ")}`;
    throw new TweedieError("invalid-option", { what: path, expected, got: manifest.command });
  }
  const located = locate(manifest, path);
  await relocateModel(located, path);
  const args = checkArguments(command, located, path);
  for (const [name, { sha256: hash }] of Object.entries(manifest.inputs)) {
    const file = located[name] as string;
    await expectHash(file, hash, await hashFile(file));
  }
  await checkModel(manifest, args, context);
  if (output === undefined) await checkExisting(manifest, path);

  const replayed = { ...args, output: output ?? args.output };
  const finished = await perform(command, replayed, context);
  const same =
    finished.files.length === manifest.outputs.length &&
    finished.files.every(({ bytes }, i) => sha256(bytes) === manifest.outputs[i].sha256);
  const written = await writeReplay(finished, output, same);
  return { finished, same, differences: compareVersions(manifest), written };
}

function checkArguments(command: PictureCommand<PictureArguments>, located: unknown, path: string): PictureArguments {
  const parsed = command.schema.safeParse(located);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const got = `${issue.path.join(".") || "arguments"}: ${issue.message}`;
  throw new TweedieError("invalid-option", { what: path, expected: `the arguments of ${command.name}`, got });
}

/** A model that is a file is recorded relative to the manifest. */
async function relocateModel(args: Record<string, unknown>, path: string): Promise<void> {
  const { model } = args;
  if (typeof model !== "string" || (await listPriors()).some(({ name }) => name === model)) return;
  args.model = resolve(path, "..", model);
}

async function expectHash(file: string, expected: string, got: string): Promise<void> {
  if (expected === got) return;
  throw new TweedieError("invalid-option", {
    what: file,
    expected: `the recorded file (sha256 ${expected.slice(0, 12)}…)`,
    got: `another one (sha256 ${got.slice(0, 12)}…)`,
  });
}

async function checkModel(manifest: Manifest, args: PictureArguments, { signal }: Context): Promise<void> {
  const recorded = (manifest.run.model as { sha256?: unknown } | undefined)?.sha256;
  if (args.model === undefined || typeof recorded !== "string") return;
  const prior = await loadPrior(args.model, { signal });
  await expectHash(`model ${args.model}`, recorded, prior.hash);
}

/** A result that someone has changed since is not to be lost. */
async function checkExisting(manifest: Manifest, path: string): Promise<void> {
  for (const { path: recorded, sha256: hash } of manifest.outputs) {
    const file = relative(process.cwd(), resolve(path, "..", recorded));
    if (!existsSync(file) || (await hashFile(file)) === hash) continue;
    throw new TweedieError("not-writable", {
      what: file,
      expected: `the result that ${path} records`,
      got: "a file that has changed since",
      hint: "give another name with -o",
    });
  }
}

async function writeReplay(finished: Finished, output: string | undefined, same: boolean): Promise<string[]> {
  if (output !== undefined) {
    await writeResults(finished, output);
    return finished.files.map(({ path }) => path);
  }
  // Other bytes are not put under the recorded name; they can be had with -o.
  if (!same) return [];
  const missing = finished.files.filter(({ path }) => !existsSync(path));
  for (const { path, bytes } of missing) await writeAtomic(path, bytes);
  return missing.map(({ path }) => path);
}

function compareVersions(manifest: Manifest): string[] {
  const here = versions();
  return Object.entries(manifest.versions).flatMap(([name, was]) => {
    const is = here[name as keyof typeof here];
    return is === was ? [] : [`${name} ${is} here, ${was} in the record`];
  });
}
