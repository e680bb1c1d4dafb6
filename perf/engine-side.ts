/** Tweedie's side of the engine benchmark: builds, compiles and times one workload per process, on request. */
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createEngine } from "../src/node/engine.ts";
import { loadPrior } from "../src/node/models.ts";
import { normals } from "../src/random/index.ts";
import { constant, input, vjp } from "../src/tensor/index.ts";
import { unet } from "./networks.ts";
import { convolutionChains, convolutionFlops } from "./peak.ts";
import { readWeights } from "./safetensors.ts";

/** A request as in engine.py. */
export interface LoadRequest {
  readonly do: "load";
  readonly network: "unet" | "natural";
  readonly mode: "forward" | "vjp" | "solver" | "peak";
  readonly size: number;
  readonly threads: number;
  readonly weights: string;
  /** Of an embedded network. */
  readonly card: string;
  readonly x: string;
  readonly v: string;
  readonly levels: readonly number[];
}

type Request = LoadRequest | { do: "run"; times: number } | { do: "output"; path: string } | { do: "peak" };

type Work = () => Promise<Float32Array>;

let work: Work;

function floats(path: string): Float32Array {
  const bytes = readFileSync(path);
  return new Float32Array(new Uint8Array(bytes).buffer);
}

async function load(request: LoadRequest): Promise<object> {
  const { size, threads, mode } = request;
  const engine = await createEngine({ threads });
  const denoise =
    request.network === "unet" ? unet(await readWeights(request.weights)) : (await loadPrior(request.card)).denoise;
  const shape = [1, 3, size, size];
  const [x0, v0] = [floats(request.x), floats(request.v)];
  const x = input(shape);
  const sigma = input([]);
  const begin = performance.now();
  const forward = async () => {
    const y = denoise(x, sigma);
    const program = await engine.compile({ inputs: { x, sigma }, outputs: { y } });
    return { program, flops: convolutionFlops(y), run: async () => (await program.run({ x: x0, sigma: 0.7 })).y };
  };
  const withVjp = async () => {
    const v = input(shape);
    const [g] = vjp([denoise(x, sigma)], [x], [v]);
    const program = await engine.compile({ inputs: { x, sigma, v }, outputs: { g } });
    const run = async () => (await program.run({ x: x0, sigma: 0.7, v: v0 })).g;
    return { program, flops: convolutionFlops(g), run };
  };
  if (mode === "peak") {
    const all = [...(await convolutionChains(engine, size)), await forward(), await withVjp()];
    work = async () => {
      const times: number[] = [];
      for (const { run } of all) {
        const start = performance.now();
        await run();
        times.push(performance.now() - start);
      }
      return Float32Array.from(times);
    };
    return { flops: all.map((c) => c.flops) };
  }
  if (mode === "forward" || mode === "vjp") {
    const { program, run } = await (mode === "forward" ? forward() : withVjp());
    work = run;
    return { compile: performance.now() - begin, memory: program.memory };
  }
  const [y, noise, kept, added] = [input(shape), input(shape), input([]), input([])];
  const mask = new Float32Array(3 * size * size).fill(1);
  for (let c = 0; c < 3; c++)
    for (let i = size / 4; i < size / 2; i++)
      mask.fill(0, (c * size + i) * size + size / 4, (c * size + i) * size + size / 2);
  const estimate = denoise(x, sigma);
  const residual = constant(mask, shape).mul(y.sub(estimate)).square().sum().sqrt();
  const [g] = vjp([residual], [x], [constant(1)]);
  const next = estimate.add(x.sub(estimate).mul(kept)).add(noise.mul(added)).sub(g.mul(0.1));
  const program = await engine.compile({
    inputs: { x, sigma, y, noise, kept, added },
    outputs: { next, estimate, residual },
  });
  const draw = (step: number) => normals({ seed: 0, sample: 0, step, purpose: "noise" }, x0.length);
  work = async () => {
    let z = x0;
    let noise = draw(0);
    for (const [step, level] of request.levels.slice(0, -1).entries()) {
      const lower = request.levels[step + 1];
      const eta = 0.8 * lower;
      const scalars = { sigma: level, kept: Math.sqrt(lower ** 2 - eta ** 2) / level, added: eta };
      const running = program.run({ x: z, y: v0, noise, ...scalars });
      noise = draw(step + 1); // while the worker computes
      z = (await running).next;
    }
    return z;
  };
  return { compile: performance.now() - begin, memory: program.memory };
}

async function answer(request: Request): Promise<object> {
  switch (request.do) {
    case "load":
      return load(request);
    case "output": {
      const values = await work();
      writeFileSync(request.path, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
      return {};
    }
    case "run": {
      const ms: number[] = [];
      const parts: number[][] = []; // the single times in peak mode
      for (let k = 0; k < request.times; k++) {
        const begin = performance.now();
        const result = await work();
        ms.push(performance.now() - begin);
        if (result.length < 10) parts.push([...result]);
      }
      return { ms, parts };
    }
    case "peak":
      return { peak: process.resourceUsage().maxRSS * 1024 };
  }
}

for await (const line of createInterface({ input: process.stdin }))
  console.log(JSON.stringify(await answer(JSON.parse(line) as Request)));
