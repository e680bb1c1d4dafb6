// Hooks for modules of users (Node's module.register): "tweedie" is the library that is running, whatever is installed
// beside the module, so that both share one list of operators; what the module itself cannot find (zod) is looked up from
// the library; types are stripped where Node does not do it.
import { readFile } from "node:fs/promises";
import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";

/** @type {{ library: string, strip: boolean }} */
let settings = { library: "", strip: false };

/** @param {{ library: string, strip: boolean }} data */
export async function initialize(data) {
  settings = data;
}

/** @type {import("node:module").ResolveHook} */
export async function resolve(specifier, context, next) {
  if (specifier === "tweedie") return await next(settings.library, context);
  try {
    return await next(specifier, context);
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
    if (!missing || /^(\.|\/|[a-z]+:)/.test(specifier)) throw error;
    return await next(specifier, { ...context, parentURL: settings.library });
  }
}

/** @type {import("node:module").LoadHook} */
export async function load(url, context, next) {
  if (!settings.strip || !/\.m?ts($|\?)/.test(url)) return next(url, context);
  const text = await readFile(fileURLToPath(url), "utf8");
  return { format: "module", source: await withoutTypes(text, url), shortCircuit: true };
}

/**
 * @param {string} text
 * @param {string} url
 */
async function withoutTypes(text, url) {
  // Node 22.13 and later
  const strip = "stripTypeScriptTypes" in nodeModule ? nodeModule.stripTypeScriptTypes : undefined;
  if (typeof strip === "function") return strip(text);
  const esbuild = await findEsbuild(url);
  if (!esbuild)
    throw new Error(
      `${fileURLToPath(url)}: Node ${process.version} cannot read TypeScript: use Node 22.13 or later, npm install esbuild, or give JavaScript`,
    );
  return (await esbuild.transform(text, { loader: "ts", format: "esm", target: "es2022" })).code;
}

/**
 * Optional: beside the library, or beside the module.
 * @param {string} url
 * @returns {Promise<{ transform(text: string, options: object): Promise<{ code: string }> } | undefined>}
 */
async function findEsbuild(url) {
  for (const from of [settings.library, url]) {
    try {
      return nodeModule.createRequire(from)("esbuild");
    } catch {
      // the next place
    }
  }
  return undefined;
}
