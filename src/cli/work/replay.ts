import { existsSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { TweedieError } from "../../errors.ts";
import { readBytes, sha256, writeAtomic } from "../../node/files.ts";
import { listPriors, loadPrior } from "../../node/models.ts";
import { parse } from "../../schema.ts";
import type { Context, PictureArguments, PictureCommand } from "../command.ts";
import type { ReplayArguments } from "../commands/replay.ts";
import { type ExitCode, UsageError } from "../errors.ts";
import { type Manifest, readManifest, versions } from "../manifest.ts";
import { checkWithin, isStandardOutput } from "../outputs.ts";
import { formatSummary } from "../report.ts";
import type { Terminal } from "../terminal.ts";
import { degradeCommand } from "./degrade.ts";
import { expectHash, recordedHash } from "./inputs.ts";
import { type Finished, perform, withContext, writeResults } from "./pictures.ts";
import { restoreCommand } from "./restore.ts";
import { sampleCommand } from "./sample.ts";

const commands = [restoreCommand, degradeCommand, sampleCommand] as unknown as PictureCommand<PictureArguments>[];

/** What a replay found. */
interface Replay {
  readonly finished: Finished;
  /** Did every file come out as it was recorded? */
  readonly same: boolean;
  /** Circumstances that differ from the recorded ones, in words. */
  readonly differences: readonly string[];
  /** The files written; none when they were there already. */
  readonly written: readonly string[];
}

/** `replay`: 0 when the bytes are the recorded ones. */
export async function runReplay(args: ReplayArguments, asJson: boolean, terminal: Terminal): Promise<ExitCode> {
  const { record } = args;
  const work = (context: Context) => replay(args, context, terminal);
  const { finished, same, differences, written } = await withContext(asJson, terminal, work);
  if (asJson) {
    terminal.out.write(`${JSON.stringify({ same, differences, written, run: finished.manifest }, null, 2)}\n`);
  } else {
    const lines: (readonly [string, string])[] = [...finished.outcome.summary];
    for (const difference of differences) lines.push(["differs", difference]);
    lines.push(["bytes", same ? "the same as recorded" : "not the same as recorded"]);
    if (written.length > 0) lines.push(["written", written.join(", ")]);
    terminal.out.write(`${formatSummary(`tweedie replay ${record}`, lines)}\n`);
  }
  if (!same) terminal.err.write(`tweedie: ${record}: expected the recorded bytes, got others\n`);
  return same ? 0 : 1;
}

/**
 * Repeats the run that a manifest records and compares the bytes. A manifest may come from anyone. It runs no code unless
 * `allowOperatorModule` says so, it reads no file whose hash it does not know, and without `output` it writes nothing
 * outside its own folder (docs/threat-model.md).
 * @throws {TweedieError} an input, the model or an existing result is not the recorded one
 */
async function replay(
  { record: path, output, allowOperatorModule }: ReplayArguments,
  context: Context,
  terminal: Terminal,
): Promise<Replay> {
  if (output !== undefined && isStandardOutput(output))
    throw new UsageError({ what: "-o", expected: "a file name", got: output });
  const manifest = renamed(await readManifest(path));
  const command = commands.find(({ name }) => name === manifest.command);
  if (!command) {
    const expected = `a record of ${commands.map(({ name }) => name).join(", ")}`;
    throw new TweedieError("invalid-option", { what: path, expected, got: manifest.command });
  }
  const args = parse(command.schema, await locate(manifest, path), `${path}: arguments`);
  await checkModule(args, manifest, allowOperatorModule === true);
  await checkModel(args, manifest, context);
  const folder = output === undefined ? dirname(path) : undefined;
  if (folder !== undefined) await checkExisting(manifest, folder, path);

  // Where a record goes is not for a record to say.
  const replayed = { ...args, output: output ?? args.output, record: undefined };
  const finished = await perform(command, replayed, context, { inputs: manifest.inputs, folder });
  const same =
    finished.files.length === manifest.outputs.length &&
    finished.files.every(({ bytes }, i) => sha256(bytes) === manifest.outputs[i].sha256);
  const written = await writeReplay(finished, output, same, terminal);
  return { finished, same, differences: compareVersions(manifest), written };
}

/** Records of version 0.1 say `operator` for the module of operators. */
function renamed(manifest: Manifest): Manifest {
  const rename = <T>({ operator, ...rest }: Record<string, T>): Record<string, T> =>
    operator === undefined ? rest : { ...rest, operatorModule: operator };
  return { ...manifest, arguments: rename(manifest.arguments), inputs: rename(manifest.inputs) };
}

/** The arguments of a manifest with the paths that they have from here. */
async function locate(manifest: Manifest, path: string): Promise<Record<string, unknown>> {
  const base = dirname(resolve(path));
  const from = (file: string): string => (isAbsolute(file) ? file : relative(process.cwd(), resolve(base, file)));
  const args: Record<string, unknown> = { ...manifest.arguments };
  for (const name of [...Object.keys(manifest.inputs), "output"]) {
    const file = args[name];
    if (typeof file === "string") args[name] = from(file);
  }
  const { model } = args;
  if (typeof model === "string" && !(await listPriors()).some(({ name }) => name === model)) args.model = from(model);
  return args;
}

/** @throws {TweedieError} invalid-option: a module of operators is not allowed, or not the recorded one */
async function checkModule(
  { operatorModule }: PictureArguments,
  { inputs }: Manifest,
  allowed: boolean,
): Promise<void> {
  if (operatorModule === undefined) return;
  const recorded = recordedHash(inputs, "operatorModule", operatorModule);
  if (!allowed)
    throw new TweedieError("invalid-option", {
      what: operatorModule,
      expected: "--allow-operator-module, for the record names a module that would run with your rights",
      got: "nothing",
      hint: "read the module first",
    });
  expectHash(operatorModule, recorded, sha256(await readBytes(operatorModule, "module")));
}

/** @throws {TweedieError} invalid-option: the model is not the recorded one */
async function checkModel({ model }: PictureArguments, { run }: Manifest, { signal }: Context): Promise<void> {
  if (model === undefined) return;
  const { sha256: recorded } = (run.model ?? {}) as { sha256?: unknown };
  const wanted = recordedHash(typeof recorded === "string" ? { model: { sha256: recorded } } : {}, "model", model);
  const prior = await loadPrior(model, { signal });
  expectHash(`model ${model}`, wanted, prior.hash);
}

/** A result that someone has changed since is not to be lost. */
async function checkExisting({ outputs }: Manifest, folder: string, path: string): Promise<void> {
  for (const { path: recorded, sha256: hash } of outputs) {
    const file = relative(process.cwd(), resolve(folder, recorded));
    await checkWithin(folder, [file]);
    if (!existsSync(file) || sha256(await readBytes(file)) === hash) continue;
    throw new TweedieError("not-writable", {
      what: file,
      expected: `the result that ${path} records`,
      got: "a file that has changed since",
      hint: "give another name with -o",
    });
  }
}

async function writeReplay(
  finished: Finished,
  output: string | undefined,
  same: boolean,
  terminal: Terminal,
): Promise<string[]> {
  if (output !== undefined) {
    await writeResults(finished, { output }, terminal);
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
