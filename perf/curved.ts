/**
 * What STSL's curvature term buys on a curved problem with a known posterior (curved-problem.ts): sliced Wasserstein-2 distance between
 * its results and exact posterior samples, mean over problems ± standard error; beside each variant the paired difference from η = 0.
 *
 *   npm run bench:curved -- [--table paper|regimes|all] [--problems 50] [--samples 200] [--sigmas 0.05,0.2,0.5,1,2]
 */
import { parseArgs } from "node:util";
import { slicedWasserstein } from "../src/bench/exact/compare.ts";
import { createEngine } from "../src/node/engine.ts";
import { normals } from "../src/random/index.ts";
import { formulate, outputName } from "../src/solvers/formulate.ts";
import { parseOptions } from "../src/solvers/index.ts";
import { stsl } from "../src/solvers/stsl.ts";
import { batchOperator, checkDenoiser, denoise, EXACT, problem } from "./curved-problem.ts";

type Options = Readonly<Record<string, unknown>>;

const { values } = parseArgs({
  options: {
    table: { type: "string", default: "all" },
    problems: { type: "string", default: "50" },
    samples: { type: "string", default: "200" },
    sigmas: { type: "string", default: "0.05,0.2,0.5,1,2" },
  },
});
const [problems, samples] = [Number(values.problems), Number(values.samples)];
const sigmas = values.sigmas.split(",").map(Number);
const SLICES = 32;
const directions = Float64Array.from({ length: 2 * SLICES }, (_, i) => {
  const angle = (Math.PI * ((i >> 1) + 0.5)) / SLICES;
  return i % 2 ? Math.sin(angle) : Math.cos(angle);
});
const engine = await createEngine({ threads: 1 });
checkDenoiser();

/** STSL on all problems at once; all chains of one noise stream, so that variants see the same noise. */
async function results(sigmaY: number, ys: readonly number[], given: Options): Promise<Float32Array> {
  const options = parseOptions(stsl, { grid: "karras", sigmaMax: 10, sigmaMin: 0.02, init: "start", ...given });
  const operator = batchOperator(ys.flatMap((y) => new Array<number>(samples).fill(y)));
  const graphs = formulate({ solver: stsl, options, operator, denoise, sigmaY, samples: problems * samples });
  const init = await engine.compile(graphs.init);
  const program = await engine.compile({ ...graphs.steps, optional: Object.keys(graphs.steps.outputs) });
  const noise = (inputs: Readonly<Record<string, { readonly size: number }>>, step: number) =>
    Object.entries(inputs).flatMap(([name, { size }]) =>
      name.startsWith("noise.") ? [[name, Float32Array.from(normals({ seed: 1, step, purpose: name }, size))]] : [],
    );
  const fixed = { y: new Float32Array(1), start: new Float32Array(2) };
  let state: Record<string, Float32Array> = await init.run({
    ...fixed,
    ...Object.fromEntries(noise(graphs.init.inputs, 0)),
  });
  let k = 0;
  for (const { kind, scalars } of stsl.schedule(options, { sigmaY, operator })) {
    const feeds: Record<string, Float32Array> = {
      ...fixed,
      ...Object.fromEntries(kind === "inner" ? noise(graphs.steps.inputs, ++k) : []),
      ...Object.fromEntries(
        Object.entries(scalars).map(([name, v]) => [`scalar.${name}`, Float32Array.of(v as number)]),
      ),
      ...Object.fromEntries(Object.entries(state).map(([name, v]) => [`state.${name}`, v])),
    };
    const known = Object.fromEntries(Object.entries(feeds).filter(([name]) => name in graphs.steps.inputs));
    const wanted = graphs.stateNames.map((name) => outputName(kind, `next.${name}`));
    const got = await program.run(known, { outputs: wanted });
    state = Object.fromEntries(graphs.stateNames.map((name) => [name, got[outputName(kind, `next.${name}`)]]));
  }
  await Promise.all([init.dispose(), program.dispose()]);
  return state.z;
}

const solved = new Map<number, ReturnType<typeof problem>[]>();
function problemsAt(sigmaY: number) {
  const before = solved.get(sigmaY);
  if (before) return before;
  const all = Array.from({ length: problems }, (_, seed) => problem(sigmaY, seed));
  solved.set(sigmaY, all);
  return all;
}

async function distances(sigmaY: number, options: Options): Promise<number[]> {
  const all = problemsAt(sigmaY);
  const z = await results(
    sigmaY,
    all.map(({ y }) => y),
    options,
  );
  return all.map(({ exact }, k) => {
    const data = Float64Array.from(z.subarray(2 * samples * k, 2 * samples * (k + 1)));
    return slicedWasserstein({ count: samples, dimension: 2, data }, exact, directions);
  });
}

/** Every n-th exact sample: what a perfect sampler of as many points scores. */
function floor(sigmaY: number): number[] {
  const n = Math.floor(EXACT / samples);
  return problemsAt(sigmaY).map(({ exact }) => {
    const order = normals({ seed: 5, purpose: "order" }, exact.count);
    const chosen = [...order.keys()].sort((i, j) => order[i] - order[j]).filter((_, i) => i % n === 0);
    const data = Float64Array.from(chosen.slice(0, samples).flatMap((i) => [exact.data[2 * i], exact.data[2 * i + 1]]));
    return slicedWasserstein({ count: samples, dimension: 2, data }, exact, directions);
  });
}

const mean = (v: readonly number[]) => v.reduce((sum, x) => sum + x, 0) / v.length;
function withError(v: readonly number[]): string {
  const m = mean(v);
  if (!(Math.abs(m) < 9)) return "diverges";
  const variance = v.reduce((sum, x) => sum + (x - m) ** 2, 0) / (v.length - 1);
  return `${m.toFixed(3)} ± ${Math.sqrt(variance / v.length).toFixed(3)}`;
}

const difference = { probe: "finite-difference" };
const seconds: readonly [string, Options][] = [
  ["η = 0.0001", { eta: 1e-4 }],
  ["0.02", { eta: 0.02 }],
  ["0.1", { eta: 0.1 }],
  ["0.5", { eta: 0.5 }],
  ["matched", { curvature: "matched", ...difference }],
];
const bounds: readonly [string, Options][] = [
  ["matched", { curvature: "matched", ...difference }],
  ["measured", { curvature: "measured" }],
  ["measured / 4", { curvature: "measured", eta: 0.25 }],
];

async function table(head: string, variants: readonly [string, Options][], rows: readonly [number, Options][]) {
  console.log(`| σ_y | ${head} | η = 0 | ${variants.map(([name]) => name).join(" | ")} |`);
  console.log(`|${" --- |".repeat(variants.length + 3)}`);
  for (const [sigmaY, options] of rows) {
    if (!sigmas.includes(sigmaY)) continue;
    const { steps, inner, omega } = options;
    const first = await distances(sigmaY, { ...options, eta: 0 });
    const cells: string[] = [];
    for (const [, variant] of variants) {
      const other = await distances(sigmaY, { ...options, ...variant });
      const paired = withError(other.map((v, k) => v - first[k]));
      cells.push(
        paired === "diverges" ? paired : `${mean(other).toFixed(3)} (${paired.startsWith("-") ? "" : "+"}${paired})`,
      );
    }
    const label = head === "K" ? inner : `${steps} levels, K = ${inner}, ω = ${omega}`;
    console.log(`| ${sigmaY} | ${label} | ${withError(first)} | ${cells.join(" | ")} |`);
  }
  console.log();
}

console.log(`${problems} problems, ${samples} results each`);
for (const sigmaY of sigmas) console.log(`exact samples at σ_y = ${sigmaY}: ${withError(floor(sigmaY))}`);
console.log();
if (values.table !== "regimes")
  await table(
    "K",
    seconds,
    [0.05, 0.2, 0.5].flatMap((sigmaY) =>
      [1, 2, 5, 10].map((inner): [number, Options] => [sigmaY, { steps: 50, inner, omega: 0.1 }]),
    ),
  );
if (values.table !== "paper")
  await table(
    "likelihood score",
    bounds,
    [0.05, 0.2, 0.5, 1, 2].flatMap((sigmaY) =>
      [10, 50].flatMap((steps) =>
        [0.1, 0.3, 1].map((omega): [number, Options] => [sigmaY, { steps, inner: 1, omega, weight: "bayes" }]),
      ),
    ),
  );
await engine.dispose();
