/**
 * Builds the package into dist: declarations by tsc (dist/types), and JavaScript in a few files by esbuild (dist/lib, dist/cli),
 * because Node opens three hundred small modules four times slower. Entries share chunks, so that every class and registry is there
 * once. All JavaScript lies two levels below the package's root, as src/node does: models and the worker are found from there.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type BuildOptions, build } from "esbuild";

const root = resolve(import.meta.dirname, "..");
process.chdir(root);
const { dependencies, peerDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as Record<string, object>;

rmSync("dist", { recursive: true, force: true });
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });

const options: BuildOptions = {
  external: Object.keys({ ...dependencies, ...peerDependencies }),
  bundle: true,
  keepNames: true, // of classes, in messages and stacks
  format: "esm",
  platform: "node",
  target: "node20.19",
  logLevel: "warning",
  logOverride: { "ignored-bare-import": "error" }, // package.json has to list what registers by being imported
};
await build({ ...options, entryPoints: ["src/node/worker.mjs"], outfile: "dist/lib/worker.mjs" });
const { metafile } = await build({
  ...options,
  entryPoints: {
    "lib/index": "src/index.ts",
    "lib/core": "src/core.ts",
    "lib/tensor": "src/tensor/index.ts",
    "lib/tensor-ops": "src/tensor/ops/index.ts",
    "lib/bench": "src/bench/index.ts",
    "lib/laws": "src/laws/index.ts",
    "cli/main": "src/cli/main.ts",
  },
  chunkNames: "lib/[name]-[hash]",
  outdir: "dist",
  splitting: true,
  metafile: true,
});
chmodSync("dist/cli/main.js", 0o755);

// The licences of the packages that are in these files ask for their notices.
const inlined = new Map<string, string[]>();
for (const input of Object.keys(metafile.inputs)) {
  const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
  if (folder) inlined.set(folder, [...(inlined.get(folder) ?? []), input]);
}
const notices = [...inlined].sort().map(([folder, files]) => {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  const texts = file ? [readFileSync(join(folder, file), "utf8")] : [...new Set(files.map(leadingComment)), apache()];
  return `${folder.replace(/.*node_modules\//, "")}\n\n${texts.join("\n")}`;
});
writeFileSync("dist/THIRD-PARTY-NOTICES.txt", notices.join(`\n${"-".repeat(80)}\n\n`));

/** The notice at the head of a file, where a package has no file for it. */
function leadingComment(file: string): string {
  return /^(?:\/\/.*\n)*/.exec(readFileSync(file, "utf8"))?.[0] ?? "";
}

/** The text of the Apache licence 2.0, which is TypeScript's too. */
function apache(): string {
  return readFileSync("node_modules/typescript/LICENSE", "utf8");
}
