import { existsSync } from "node:fs";
import { register } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { TweedieError } from "../errors.ts";
import { listOperators } from "../operators/index.ts";

/** Names of the operators that a module has defined, by its path. */
const loaded = new Map<string, readonly string[]>();
let hooked = false;

/**
 * Runs a module (.ts, .mts, .js or .mjs) that defines operators with `defineOperator`, and gives their names. In it, `tweedie`
 * is this library. TypeScript needs Node 22.13 or later, or esbuild beside the module. The module runs with all rights of this
 * process: load only what you trust.
 * @throws missing-file; invalid-operator when it cannot be run, or defines nothing
 */
export async function loadOperators(file: string): Promise<readonly string[]> {
  const path = resolve(file);
  const known = loaded.get(path);
  if (known) return known;
  if (!existsSync(path)) throw new TweedieError("missing-file", { message: `${file}: no such file` });
  hook();
  const before = new Set(listOperators().map(({ name }) => name));
  try {
    await import(pathToFileURL(path).href);
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

function hook(): void {
  if (hooked) return;
  hooked = true;
  // From sources, the library is TypeScript and something reads it already; as a package it is JavaScript.
  const fromSources = import.meta.url.endsWith(".ts");
  const library = new URL(fromSources ? "../index.ts" : "../index.js", import.meta.url).href;
  register("./module-hooks.mjs", import.meta.url, { data: { library, strip: !fromSources } });
}
