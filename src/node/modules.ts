import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { createJiti } from "jiti";
import { TweedieError } from "../errors.ts";
import { listOperators } from "../operators/index.ts";
import { readBytes } from "./files.ts";

/** Names of the operators that a module has defined, by its path. */
const loaded = new Map<string, readonly string[]>();

/**
 * Runs a module (TypeScript or JavaScript) that defines operators with `defineOperator`, and gives their names. In it,
 * `tweedie` is the library that is running, whatever is installed beside the module, so that both share one list of
 * operators; `zod` is the library's too. The module runs with all rights of this process: load only what you trust.
 * @throws {TweedieError} missing-file; unreadable-file; invalid-operator: it cannot be run, or defines nothing
 */
export async function loadOperators(file: string): Promise<readonly string[]> {
  const path = resolve(file);
  const known = loaded.get(path);
  if (known) return known;
  await readBytes(file, "module");
  const virtualModules = { tweedie: await import("../index.ts"), zod: await import("zod") };
  const jiti = createJiti(import.meta.url, { virtualModules, fsCache: false, moduleCache: false, tryNative: false });
  const before = new Set(listOperators().map(({ name }) => name));
  try {
    await jiti.import(pathToFileURL(path).href);
  } catch (cause) {
    if (cause instanceof TweedieError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TweedieError("invalid-operator", { message: `${file}: cannot be run: ${reason}`, cause });
  }
  const names = listOperators().flatMap(({ name }) => (before.has(name) ? [] : [name]));
  if (names.length === 0)
    throw new TweedieError("invalid-operator", {
      what: file,
      expected: "a module that defines an operator",
      got: "one that defines none",
      hint: 'import { defineOperator } from "tweedie" and call it',
    });
  loaded.set(path, names);
  return names;
}
