/**
 * Restoration quality of the solvers beside the classical baseline, on real pictures with the embedded prior.
 *
 *   npm run bench:restore -- [--sets set5,set14,cbsd68:8] [--crop 128] [--tasks WORD,…] [--solvers NAME,…]
 *                            [--preset balanced] [--option SOLVER:key=value …] [--model natural] [--name default]
 *
 * Every finished cell is kept in .cache/bench-restore/NAME.jsonl, and a second run with the same name goes on from
 * there. Tables go to .cache/bench-restore/NAME.md, picture strips beside it.
 */
import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { psnr, ssim } from "../src/metrics/index.ts";
import { createEngine } from "../src/node/engine.ts";
import { addNoise, observedEntries } from "../src/operators/index.ts";
import { loadPrior } from "../src/priors/index.ts";
import { presetFor, solve } from "../src/solvers/index.ts";
import { evaluate, input } from "../src/tensor/index.ts";
import { type BenchPicture, readSet } from "./pictures.ts";
import { type Cell, table } from "./restore-report.ts";
import { type BenchTask, benchTasks } from "./restore-tasks.ts";
import { writeStrip } from "./strips.ts";

const { values: flags } = parseArgs({
  options: {
    sets: { type: "string", default: "set5,set14,cbsd68:8" },
    crop: { type: "string", default: "128" },
    tasks: { type: "string", default: "" },
    solvers: { type: "string", default: "red-diff,vml-map,dps" },
    preset: { type: "string", default: "balanced" },
    option: { type: "string", multiple: true, default: [] },
    model: { type: "string", default: "natural" },
    name: { type: "string", default: "default" },
  },
});

const folder = ".cache/bench-restore";
const journal = `${folder}/${flags.name}.jsonl`;
await mkdir(folder, { recursive: true });
const done: Cell[] = (await readFile(journal, "utf8").catch(() => ""))
  .split("\n")
  .filter(Boolean)
  .map((line) => JSON.parse(line));

const words = flags.tasks.split(",").filter(Boolean);
const tasks = benchTasks.filter((t) => words.length === 0 || words.some((w) => t.name.includes(w)));
const pictures = (await Promise.all(flags.sets.split(",").map((s) => readSet(s, Number(flags.crop))))).flat();
const prior = await loadPrior(flags.model);
const engine = await createEngine();

for (const task of tasks) {
  for (const picture of pictures) await runPicture(task, picture);
  console.log(table(done.filter((c) => c.task === task.name)));
}
await writeFile(`${folder}/${flags.name}.md`, table(done));
await engine.dispose();

async function runPicture(task: BenchTask, picture: BenchPicture): Promise<void> {
  const operator = task.operator(picture.height, picture.width);
  const x = input(operator.domain);
  const [{ data: clean }] = evaluate([operator.apply(x)], new Map([[x, picture.data]]));
  const noise = { seed: 2026, purpose: "measurement" };
  const measurement = addNoise(clean, { sigma: task.sigma }, noise, observedEntries(operator));
  const start = Float32Array.from(operator.estimate?.(measurement, task.sigma) ?? measurement);
  const strip: Float32Array[] = [picture.data, start];
  const record = async (solver: string, result: Float32Array, more: Partial<Cell>) => {
    const shown = result.map((v) => Math.min(1, Math.max(-1, v)));
    const planes = (data: Float32Array) => ({ width: picture.width, height: picture.height, channels: 3, data });
    const quality = {
      psnr: psnr(shown, picture.data, 2),
      ssim: ssim(planes(shown), planes(picture.data), { dataRange: 2 }),
    };
    const cell: Cell = {
      task: task.name,
      picture: picture.name,
      solver,
      ...quality,
      forwards: 0,
      vjps: 0,
      seconds: 0,
      ratio: 0,
      ...more,
    };
    done.push(cell);
    await appendFile(journal, `${JSON.stringify(cell)}\n`);
  };
  const known = (solver: string) =>
    done.some((c) => c.task === task.name && c.picture === picture.name && c.solver === solver);
  if (!known("baseline")) await record("baseline", start, {});
  const solvers = [...flags.solvers.split(","), ...(task.name.startsWith("denoise") ? ["posterior-mean"] : [])];
  let fresh = false;
  for (const name of solvers) {
    if (known(name)) continue;
    const chosen = presetFor(operator.name, flags.preset as "balanced", task.sigma, name);
    const options = { ...chosen.options, ...overrides(name) };
    const s = await solve(
      { operator, measurement, sigmaY: task.sigma, prior, start },
      { solver: chosen.solver, options, engine, seed: 1 },
    );
    await record(name, s.pictures, { ...s.counts, seconds: s.seconds, ratio: s.residuals[0] / s.expectedResidual });
    strip.push(s.pictures);
    fresh = true;
  }
  const file = `${flags.name}-${task.name}-${picture.name}`.replaceAll("/", "-");
  if (fresh) await writeStrip(`${folder}/${file}`, strip, picture.height, picture.width);
}

/** `--option vml-map:gamma=0.7` */
function overrides(solver: string): Record<string, unknown> {
  return Object.fromEntries(
    flags.option.flatMap((text) => {
      const [, name, key, value] = /^([^:]+):([^=]+)=(.*)$/.exec(text) ?? [];
      if (name !== solver) return [];
      return [[key, /^(true|false|-?[\d.]+(e-?\d+)?)$/.test(value) ? JSON.parse(value) : value]];
    }),
  );
}
