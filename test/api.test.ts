import { readdirSync, readFileSync } from "node:fs";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const root = new URL("..", import.meta.url).pathname;

/** The entry points of package.json, by their sources. */
const entries: Readonly<Record<string, string>> = {
  tweedie: "src/index.ts",
  "tweedie/core": "src/core.ts",
  "tweedie/tensor": "src/tensor/index.ts",
  "tweedie/tensor/ops": "src/tensor/ops/index.ts",
  "tweedie/bench": "src/bench/index.ts",
  "tweedie/laws": "src/laws/index.ts",
};
const names = async (entry: string) => Object.keys(await import(`${root}${entries[entry]}`)).sort();

describe("the public API", () => {
  it("has the entry points of package.json", () => {
    const { exports } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
    const paths = Object.keys(entries).map((name) => name.replace("tweedie", "."));
    expect(Object.keys(exports).filter((path) => path !== "./package.json")).toEqual(paths);
  });

  it.each(Object.keys(entries))("%s exports these names", async (entry) => {
    expect(await names(entry)).toMatchSnapshot();
  });

  it("tweedie is the core and more", async () => {
    expect(await names("tweedie")).toEqual(expect.arrayContaining(await names("tweedie/core")));
  });

  it("the tensor language has no row of the op table and no helper of it", async () => {
    const language = await names("tweedie/tensor");
    const internals = /Op$|^(apply|asTensor|checkSameType|padIndices|sumTo|evaluateBinary|onnxType|shapeError)$/;
    expect(language.filter((name) => internals.test(name))).toEqual([]);
  });
});

/** The packages that importing a file loads at once, and the sources that it keeps for their side effects. */
async function closure(entry: string) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    splitting: true,
    outdir: "out",
    format: "esm",
    platform: "node",
    packages: "external",
    logLevel: "silent",
    logOverride: { "ignored-bare-import": "error" },
  });
  const output = (path: string) => metafile.outputs[path];
  const [first] = Object.keys(metafile.outputs).filter((path) => output(path).entryPoint === entry);
  const packages = new Set<string>();
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { path: to, external, kind } of output(path).imports)
      if (kind === "import-statement") external ? packages.add(to) : visit(to);
  };
  visit(first);
  return [...packages].filter((name) => !name.startsWith("node:")).sort();
}

describe("importing", () => {
  it.each(["src/index.ts", "src/core.ts"])("%s loads no codec, runtime, plotter or compiler", async (entry) => {
    expect(await closure(entry)).toEqual(expect.arrayContaining(["zod"]));
    const heavy = /^(sharp|onnxruntime|jiti|vega|commander|esbuild)/;
    expect((await closure(entry)).filter((name) => heavy.test(name))).toEqual([]);
  });

  it("the command line loads no library before a command runs", async () => {
    expect((await closure("src/cli/main.ts")).filter((name) => !/^(commander|zod)/.test(name))).toEqual([]);
  });

  it("keeps what registers operators: package.json lists every source that is imported for its effect", () => {
    const { sideEffects } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as { sideEffects: string[] };
    const sources = readdirSync(`${root}src`, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".ts"));
    const effects = new Set(
      sources.flatMap((file) => {
        const text = readFileSync(`${root}src/${file}`, "utf8");
        return [...text.matchAll(/^import "(\.[^"]+)"/gm)].map(
          ([, to]) => `.${new URL(to, `file:///src/${file}`).pathname}`,
        );
      }),
    );
    expect(effects.size).toBeGreaterThan(2);
    expect(sideEffects).toEqual(expect.arrayContaining([...effects]));
  });
});
