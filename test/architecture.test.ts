import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const src = new URL("../src", import.meta.url).pathname;

/** Which rooms a room may import. Everything may import errors.ts and schema.ts. */
const arrows: Record<string, readonly string[]> = {
  random: [],
  tensor: [],
  onnx: ["tensor"],
  engine: ["onnx", "tensor"],
  diffusion: ["tensor"],
  weights: ["tensor"],
  networks: ["weights", "tensor"],
  priors: ["networks", "diffusion", "weights", "onnx", "tensor"],
  operators: ["onnx", "random", "tensor"],
  pictures: ["tensor"],
  metrics: ["engine", "weights", "tensor"],
  latent: ["priors", "networks", "operators", "engine", "random", "tensor"],
  solvers: ["latent", "priors", "networks", "operators", "diffusion", "metrics", "engine", "random", "tensor"],
  settings: ["solvers", "priors"],
  restore: [
    "settings",
    "solvers",
    "latent",
    "priors",
    "operators",
    "diffusion",
    "pictures",
    "metrics",
    "engine",
    "random",
    "tensor",
  ],
  laws: ["operators", "engine", "random", "tensor"],
};
const core = Object.keys(arrows);
/** The rooms of the platform and of the programs. */
const outer: Record<string, readonly string[]> = {
  node: [...core, "core.ts"],
  bench: [...core, "node"],
  cli: [...core, "node", "bench", "laws"],
  "core.ts": core,
  "index.ts": ["core.ts", "node"],
};
const allowed: Record<string, readonly string[]> = { ...arrows, ...outer };

const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((f) => /\.(ts|mjs)$/.test(f));
const roomOf = (file: string) => file.split("/")[0];
const importPattern = /^(?:import|export)\b[^;]*?from "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gms;

function importsOf(file: string): string[] {
  const text = readFileSync(join(src, file), "utf8");
  return [...text.matchAll(importPattern)].map(([, from, bare, dynamic]) => from ?? bare ?? dynamic);
}

const inside = (file: string, specifier: string) => relative(src, normalize(join(src, dirname(file), specifier)));

describe("the rooms of src", () => {
  it("are all in the table", () => {
    const rooms = new Set(files.map(roomOf));
    expect([...rooms].sort()).toEqual([...Object.keys(allowed), "errors.ts", "schema.ts"].sort());
  });

  it("import each other along the arrows alone", () => {
    const wrong: string[] = [];
    for (const file of files)
      for (const specifier of importsOf(file)) {
        if (!specifier.startsWith(".")) continue;
        const [from, to] = [roomOf(file), roomOf(inside(file, specifier))];
        if (from === to || to === "errors.ts" || (to === "schema.ts" && from !== "errors.ts")) continue;
        if (!allowed[from]?.includes(to)) wrong.push(`${file} -> ${to}`);
      }
    expect(wrong).toEqual([]);
  });

  it("form no circle", () => {
    const seen = new Map<string, "open" | "done">();
    const visit = (room: string, path: readonly string[]): void => {
      if (seen.get(room) === "done") return;
      expect(path, "a circle").not.toContain(room);
      seen.set(room, "open");
      for (const next of allowed[room] ?? []) visit(next, [...path, room]);
      seen.set(room, "done");
    };
    for (const room of Object.keys(allowed)) visit(room, []);
  });

  it("of the core know no platform", () => {
    const wrong = files
      .filter((file) => core.includes(roomOf(file)))
      .flatMap((file) => {
        const foreign = importsOf(file).filter((s) => /^node:|^sharp$|^onnxruntime-|^commander$/.test(s));
        const text = readFileSync(join(src, file), "utf8");
        const globals = /\bBuffer\.(from|alloc|concat)\b|\bprocess\.(env|argv|cwd|memoryUsage)\b/.test(text)
          ? ["a global of Node"]
          : [];
        return [...foreign, ...globals].map((what) => `${file}: ${what}`);
      });
    expect(wrong).toEqual([]);
  });
});

it("the core bundles for a browser, in a size that is printed", async () => {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(src, "core.ts")],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    platform: "browser",
    format: "esm",
    target: "es2022",
    logLevel: "silent",
  });
  const inputs = Object.keys(metafile.inputs);
  expect(inputs.filter((path) => /sharp|onnxruntime|^node:/.test(path))).toEqual([]);
  const [{ contents }] = outputFiles;
  const kilobytes = gzipSync(contents, { level: 9 }).length / 1024;
  process.stdout.write(`core bundle: ${(contents.length / 1024).toFixed(0)} KB, ${kilobytes.toFixed(0)} KB gzip\n`);
  expect(kilobytes).toBeLessThan(260);
});
