import { dirname, isAbsolute, relative, resolve } from "node:path";
import { TweedieError } from "../errors.ts";
import { encodeImage } from "../node/codecs/index.ts";
import { writeAtomic } from "../node/files.ts";
import { encodeNpy, formatFromPath } from "../pictures/index.ts";
import { picturePlanes } from "../restore/index.ts";
import type { Context, Outcome, PictureArguments, PictureCommand, Product } from "./command.ts";
import { modelFile } from "./commands/restore.ts";
import { besidesPath, checkOutputs, hashFile, isArrayFile, manifestPath, picturePaths, sha256 } from "./files.ts";
import { createManifest, type Manifest } from "./manifest.ts";

/** A finished run: the pictures as the bytes of their files, and its record. */
export interface Finished {
  readonly outcome: Outcome<PictureArguments>;
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array }[];
  readonly manifest: Manifest;
}

/** Checks everything that can be known beforehand, then does the work. Nothing is written yet. */
export async function perform<A extends PictureArguments>(
  command: PictureCommand<A>,
  args: A,
  context: Context,
): Promise<Finished> {
  const inputs = await inputFiles(command, args);
  await checkOutputs(args.output, command.count(args), Object.values(inputs), command.besides?.(args));
  const model = args.model === undefined ? undefined : await modelFile(args.model);
  const hashes: Record<string, string> = {};
  for (const [name, path] of Object.entries(inputs)) if (path !== model) hashes[name] = await hashFile(path);

  const outcome = await command.perform(args, context);
  const paths = picturePaths(args.output, command.count(args));
  const files: { path: string; bytes: Uint8Array }[] = [];
  for (const [i, picture] of outcome.pictures.entries())
    files.push({ path: paths[i], bytes: await encode(picture, args.output) });
  for (const { name, picture } of outcome.besides ?? [])
    files.push({ path: besidesPath(args.output, name), bytes: await encodeImage(picture, { format: "png" }) });

  const base = dirname(resolve(args.output));
  const place = (path: string): string => relative(base, resolve(path)) || ".";
  const options: object = outcome.resolved;
  const moved = Object.fromEntries(Object.entries(inputs).map(([name, path]) => [name, place(path)]));
  const manifest = createManifest({
    command: command.name,
    arguments: { ...options, ...moved, output: place(args.output) },
    inputs: Object.fromEntries(
      Object.entries(hashes).map(([name, hash]) => [name, { path: moved[name], sha256: hash }]),
    ),
    outputs: files.map(({ path, bytes }) => ({ path: place(path), sha256: sha256(bytes) })),
    run: { ...outcome.record, finished: new Date().toISOString() },
  });
  return { outcome, files, manifest };
}

/** A product as the bytes of its file; pictures in .npy files are numbers from -1 (black) to 1 (white). */
async function encode(product: Product, output: string): Promise<Uint8Array> {
  if (isArrayFile(output)) return encodeNpy("shape" in product ? product : picturePlanes(product));
  if (!("shape" in product)) return encodeImage(product, { format: formatFromPath(output) });
  throw new TweedieError("internal", { what: output, expected: "a picture", got: "numbers" });
}

/** Writes the pictures, then the record, each completely or not at all. */
export async function writeResults({ files, manifest }: Finished, output: string): Promise<void> {
  for (const { path, bytes } of files) await writeAtomic(path, bytes);
  await writeAtomic(manifestPath(output), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** All files that a run reads, by argument; the model too when it is a file. */
async function inputFiles<A extends PictureArguments>(
  command: PictureCommand<A>,
  args: A,
): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const [name, path] of Object.entries<string | undefined>(command.files(args)))
    if (path !== undefined) files[name] = path;
  const model = args.model === undefined ? undefined : await modelFile(args.model);
  return model === undefined ? files : { ...files, model };
}

/** The arguments of a manifest with the paths that they have from here. */
export function locate(manifest: Manifest, manifestFile: string): Record<string, unknown> {
  const base = dirname(resolve(manifestFile));
  const from = (path: string): string => (isAbsolute(path) ? path : relative(process.cwd(), resolve(base, path)));
  const args: Record<string, unknown> = { ...manifest.arguments };
  for (const [name, { path }] of Object.entries(manifest.inputs)) args[name] = from(path);
  if (typeof args.output === "string") args.output = from(args.output);
  return args;
}
