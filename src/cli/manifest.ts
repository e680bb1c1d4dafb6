import { createRequire } from "node:module";
import * as z from "zod";
import { TweedieError } from "../errors.ts";
import { readText } from "../node/files.ts";
import { parse } from "../schema.ts";
import { ownVersion } from "./version.ts";

/** The first key of every manifest. */
export const manifestMark = "tweedie-manifest";
const VERSION = 1;

const fileSchema = z.object({
  /** Relative to the manifest's folder. */
  path: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const versionsSchema = z.object({
  tweedie: z.string(),
  onnxruntime: z.string(),
  node: z.string(),
  platform: z.string(),
});

const manifestSchema = z.object({
  [manifestMark]: z.literal(VERSION),
  command: z.string(),
  /** Every option with its value; files relative to the manifest's folder. */
  arguments: z.record(z.string(), z.unknown()),
  inputs: z.record(z.string(), fileSchema),
  outputs: z.array(fileSchema),
  versions: versionsSchema,
  /** Facts of the run: counts, times, residual, … */
  run: z.record(z.string(), z.unknown()),
});

/** The record of a run, from which it can be repeated. */
export type Manifest = z.output<typeof manifestSchema>;
export type Versions = z.output<typeof versionsSchema>;

export function createManifest(manifest: Omit<Manifest, typeof manifestMark | "versions">): Manifest {
  return { [manifestMark]: VERSION, ...manifest, versions: versions() };
}

/** @throws TweedieError `missing-file`, `unreadable-file`, or `invalid-option` for a file that is no manifest */
export async function readManifest(path: string): Promise<Manifest> {
  const text = await readText(path, "record");
  const expected = "a record that tweedie wrote beside a result (OUT.json)";
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new TweedieError("invalid-option", { what: path, expected, got: "no JSON", cause });
  }
  if (typeof data !== "object" || data === null || !(manifestMark in data))
    throw new TweedieError("invalid-option", { what: path, expected, got: "other JSON" });
  return parse(manifestSchema, data, path);
}

/** What the bytes of a result depend on besides the inputs. */
export function versions(): Versions {
  const require = createRequire(import.meta.url);
  return {
    tweedie: ownVersion(),
    onnxruntime: (require("onnxruntime-node/package.json") as { version: string }).version,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
  };
}
