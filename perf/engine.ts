/**
 * The engine against PyTorch on the same machine, with the same weights and inputs: forward, forward + VJP and a whole
 * solver run. Both sides run in processes of their own and take turns within one run, so that whatever else the machine
 * does falls on both; times are compared by minimum and by median.
 *
 *   npm run bench:engine -- [--sizes 64,128,256] [--networks unet,natural] [--modes forward,vjp,solver] [--rounds 7]
 *                           [--threads 2] [--json FILE]
 *
 * TWEEDIE_PYTHON names a Python that has torch (default: python3); without one only Tweedie's times are printed.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { normals } from "../src/random/index.ts";
import { unetLayers } from "./networks.ts";
import { shapes } from "./peak.ts";
import { readWeights, writeWeights } from "./safetensors.ts";

const { values: options } = parseArgs({
  options: {
    sizes: { type: "string", default: "64,128,256" },
    networks: { type: "string", default: "unet,natural" },
    modes: { type: "string", default: "forward,vjp,solver" },
    rounds: { type: "string", default: "7" },
    threads: { type: "string", default: String(availableParallelism()) },
    json: { type: "string" },
  },
});
const list = (text: string) => text.split(",");
const rounds = Number(options.rounds);
const threads = Number(options.threads);
const here = fileURLToPath(new URL(".", import.meta.url)); // compiled: .cache/perf/perf
const root = join(here, "../../..");
const python = process.env.TWEEDIE_PYTHON ?? "python3";
const solverSteps = 10;
const levels = Array.from({ length: solverSteps + 1 }, (_, i) => 10 * 0.003 ** (i / solverSteps));

/** A process that answers one JSON line with one JSON line. */
class Side {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#child.on("error", () => {}); // seen as the end of its answers
    this.#child.stdin.on("error", () => {});
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async ask<T>(request: object): Promise<T> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("the process ended");
    return JSON.parse(value) as T;
  }

  async end(): Promise<void> {
    this.#child.stdin.end();
    await this.#lines.next();
  }
}

const folder = mkdtempSync(join(tmpdir(), "tweedie-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

function save(name: string, data: Float32Array): string {
  const path = join(folder, name);
  writeFileSync(path, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return path;
}

/** The networks' weights as float32: random ones (He) from the seeded stream for the UNet, the embedded network's own. */
async function weightsOf(network: string): Promise<string> {
  const path = join(folder, `${network}.safetensors`);
  if (network !== "unet") {
    writeWeights(path, await readWeights(join(root, "models", network, "weights.safetensors")));
    return path;
  }
  const layers = unetLayers().map(({ name, shape }, step) => {
    const size = shape.reduce((n, d) => n * d, 1);
    const values = normals({ seed: 1, sample: 0, step, purpose: "weights" }, size);
    const fan = shape.length > 1 ? size / shape[0] : 0;
    const scale = name.includes("norm") || name.startsWith("last") ? 0.1 : fan > 0 ? 1 / Math.sqrt(fan) : 0.1;
    const offset = shape.length === 1 && name.endsWith(".weight") ? 1 : 0;
    return [name, { data: Float32Array.from(values, (v) => offset + scale * v), shape }] as const;
  });
  writeWeights(path, new Map(layers));
  return path;
}

async function torchSide(): Promise<string | undefined> {
  const child = spawn(python, ["-c", "import torch; print(torch.__version__)"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  child.on("error", () => {});
  let version = "";
  for await (const chunk of child.stdout) version += chunk;
  return version.trim() || undefined;
}

const startTweedie = () => new Side(process.execPath, [join(here, "engine-side.js")]);
const startTorch = () => new Side(python, [join(root, "perf/engine.py")]);

const median = (v: readonly number[]) => [...v].sort((a, b) => a - b)[Math.floor(v.length / 2)];
const least = (v: readonly number[]) => Math.min(...v);

function distance(a: string, b: string): number {
  const [p, q] = [a, b].map((path) => new Float32Array(new Uint8Array(readFileSync(path)).buffer));
  let [d, n] = [0, 0];
  for (let i = 0; i < q.length; i++) {
    d += (p[i] - q[i]) ** 2;
    n += q[i] ** 2;
  }
  return Math.sqrt(d / n);
}

interface Result {
  network: string;
  mode: string;
  size: number;
  ours: number[];
  torch: number[];
  peak: number;
  torchPeak?: number;
  memory: number;
  compile: number;
  difference?: number;
  /** In solver mode: times of as many forward passes with VJP as a run has steps. */
  networkOnly: number[];
}

async function measure(network: string, weights: string, mode: string, size: number, torch: boolean): Promise<Result> {
  const n = 3 * size * size;
  const x = save("x", Float32Array.from(normals({ seed: 2, sample: 0, step: 0, purpose: "x" }, n)));
  const v = save("v", Float32Array.from(normals({ seed: 2, sample: 0, step: 0, purpose: "v" }, n)));
  const card = join(root, "models", network, "card.json");
  const request = { do: "load", network, mode, size, threads, weights, card, x, v, levels };
  const sides = torch ? [startTweedie(), startTorch()] : [startTweedie()];
  const loaded = await sides[0].ask<{ compile: number; memory: number }>(request);
  if (torch) await sides[1].ask(request);
  const outputs = sides.map((_, i) => join(folder, `out${i}`));
  for (const [i, side] of sides.entries()) await side.ask({ do: "output", path: outputs[i] }); // warms up as well
  // The network without the solver, in turn with it: the difference is what the solver costs.
  const alone = mode === "solver" ? startTweedie() : undefined;
  await alone?.ask({ ...request, mode: "vjp" });
  await alone?.ask({ do: "run", times: 3 });
  const times: number[][] = sides.map(() => []);
  const networkOnly: number[] = [];
  const each = mode === "solver" ? 1 : size <= 64 ? 5 : size <= 128 ? 3 : 2;
  for (let round = 0; round < rounds; round++)
    for (const [i, side] of sides.entries()) {
      const { ms } = await side.ask<{ ms: number[] }>({ do: "run", times: each });
      times[i].push(...ms);
      if (i > 0 || !alone) continue;
      const steps = await alone.ask<{ ms: number[] }>({ do: "run", times: solverSteps });
      networkOnly.push(steps.ms.reduce((a, b) => a + b, 0));
    }
  const peaks = [];
  for (const side of sides) peaks.push((await side.ask<{ peak: number }>({ do: "peak" })).peak);
  await Promise.all([...sides, ...(alone ? [alone] : [])].map((s) => s.end()));
  const difference = torch && mode !== "solver" ? distance(outputs[0], outputs[1]) : undefined;
  return {
    network,
    mode,
    size,
    ours: times[0],
    torch: times[1] ?? [],
    peak: peaks[0],
    torchPeak: peaks[1],
    ...loaded,
    difference,
    networkOnly,
  };
}

/** GFLOP/s of 3×3 convolutions alone (each of the embedded network's shapes), of its forward pass and of forward + VJP. */
async function convolutionSpeeds(size: number): Promise<number[]> {
  const data = save("x", new Float32Array(3 * size * size).fill(0.5));
  const card = join(root, "models/natural/card.json");
  const side = startTweedie();
  const request = { do: "load", network: "natural", mode: "peak", size, threads, weights: "", card, x: data, v: data };
  const { flops } = await side.ask<{ flops: number[] }>(request);
  await side.ask({ do: "run", times: 3 });
  const { parts } = await side.ask<{ parts: number[][] }>({ do: "run", times: size > 128 ? 15 : 40 });
  await side.end();
  return flops.map((f, i) => f / least(parts.map((p) => p[i])) / 1e6);
}

const megabytes = (bytes: number | undefined) => (bytes === undefined ? "" : (bytes / 1e6).toFixed(0));
const number = (v: number) => v.toFixed(v < 10 ? 2 : 1);
const ratio = (a: number, b: number) => (a / b).toFixed(2);

const version = await torchSide();
console.log(version ? `PyTorch ${version} (${python})` : `no torch in ${python}: only our own times`);
console.log(`${threads} threads, ${rounds} rounds, times in ms as minimum (median)\n`);
const results: Result[] = [];
const columns = [
  "network",
  "mode",
  "px",
  "ours",
  "torch",
  "ratio min",
  "ratio med",
  "MB",
  "torch MB",
  "estimate MB",
  "difference",
];
console.log(`| ${columns.join(" | ")} |\n|${columns.map(() => "---").join("|")}|`);
for (const network of list(options.networks)) {
  const weights = await weightsOf(network);
  for (const mode of list(options.modes))
    for (const size of list(options.sizes).map(Number)) {
      const r = await measure(network, weights, mode, size, version !== undefined);
      results.push(r);
      const cells = [
        network,
        mode,
        size,
        `${number(least(r.ours))} (${number(median(r.ours))})`,
        version ? `${number(least(r.torch))} (${number(median(r.torch))})` : "",
        version ? ratio(least(r.ours), least(r.torch)) : "",
        version ? ratio(median(r.ours), median(r.torch)) : "",
        megabytes(r.peak),
        megabytes(r.torchPeak),
        megabytes(r.memory),
        r.difference?.toExponential(1) ?? "",
      ];
      console.log(`| ${cells.join(" | ")} |`);
    }
}

console.log("\nSolver overhead: what a run takes beyond its forward passes and VJPs, taken in turns");
for (const { network, mode, size, ours, networkOnly } of results) {
  if (mode !== "solver") continue;
  const share = (f: (v: readonly number[]) => number) => (100 * (1 - f(networkOnly) / f(ours))).toFixed(1);
  console.log(`  ${network} ${size} px: ${share(least)}% (minima), ${share(median)}% (medians)`);
}

if (list(options.networks).includes("natural")) {
  console.log(
    `\nConvolutions alone in GFLOP/s (${shapes.map(([c, by]) => `${c} channels at 1/${by}`).join(", ")}), and the embedded network, share of the best of them`,
  );
  for (const size of list(options.sizes).map(Number)) {
    const speeds = await convolutionSpeeds(size);
    const alone = speeds.slice(0, shapes.length);
    const [forward, both] = speeds.slice(shapes.length);
    const peak = Math.max(...alone);
    const show = (speed: number) => `${speed.toFixed(0)} (${((100 * speed) / peak).toFixed(0)}%)`;
    const each = alone.map((v) => v.toFixed(0)).join(", ");
    console.log(`  ${size} px: ${each}; forward ${show(forward)}, forward + VJP ${show(both)}`);
  }
}
if (options.json) writeFileSync(options.json, JSON.stringify({ version, threads, results }));
