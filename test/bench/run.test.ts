import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type BenchRequest,
  collectResults,
  parseBench,
  planBench,
  renderReport,
  runBench,
  toCsv,
} from "../../src/bench/index.ts";
import { createSimulator, toldSigma } from "../../src/bench/measurement.ts";
import type { Engine } from "../../src/engine/index.ts";
import { type Lpips, mae, psnr } from "../../src/metrics/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import { findSolver, firstGuess, solve } from "../../src/solvers/index.ts";
import { scratch, trial, writePictures } from "./helpers.ts";

let engine: Engine;
let pictures: string;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  pictures = await scratch();
  await writePictures(pictures, [
    [24, 16],
    [24, 16],
    [16, 16],
  ]);
});
afterAll(() => engine.dispose());

const versions = { tweedie: "test" };
const planOf = (change: object = {}) =>
  planBench(parseBench({ ...trial, ...change }, join(pictures, "trial.json")), { versions });

async function run(folder: string, change: object = {}, more: Partial<BenchRequest> = {}) {
  const plan = await planOf(change);
  return { plan, ...(await runBench({ plan, folder, engine, ...more })) };
}

describe("planBench", () => {
  it("makes one group of each task and size, with one row a solver", async () => {
    const { groups } = await planOf();
    expect(groups.map((g) => [g.task.name, g.pictures.map((p) => p.name)])).toEqual([
      ["box", ["a", "b"]],
      ["box", ["c"]],
      ["twice", ["a", "b"]],
      ["twice", ["c"]],
    ]);
    expect(groups[0].rows.map(({ method }) => method.kind)).toEqual(["classical", "solver", "solver", "none"]);
    expect(groups[0].operator.toJSON()).toMatchObject({ mask: { top: 4, left: 6 } });
    const keys = groups.flatMap((g) => g.rows.flatMap((r) => r.cells.map((c) => c.key)));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("chooses pictures by limit, name and crop", async () => {
    const limited = await planOf({ images: [{ name: "set", folder: ".", limit: 2, crop: 8 }] });
    expect(limited.groups[0].pictures.map(({ name, width, height }) => [name, width, height])).toEqual([
      ["a", 8, 8],
      ["b", 8, 8],
    ]);
    const named = await planOf({ images: [{ name: "set", folder: ".", files: ["c"] }] });
    expect(named.groups.map((g) => g.pictures[0].name)).toEqual(["c", "c"]);
    await expect(planOf({ images: ["nowhere"] })).rejects.toThrow(/pictures nowhere: expected a folder of pictures/);
    await expect(planOf({ images: [{ folder: ".", files: ["z"] }] })).rejects.toThrow(/z: expected a picture in/);
  });

  it("refuses wrong options of a solver before anything runs", async () => {
    await expect(planOf({ solvers: [{ solver: "dps", options: { stops: 2 } }] })).rejects.toThrow(
      /dps: expected options among .*zeta.*, got "stops"/,
    );
  });
});

describe("runBench", () => {
  it("gives what the library gives, counts it, and does not do it twice", async () => {
    const folder = await scratch();
    const first = await run(folder);
    expect(first).toMatchObject({ computed: 18, missing: 0, stopped: false });
    expect(first.cells.filter(({ failure }) => failure)).toEqual([]);

    const group = first.plan.groups[2];
    const simulator = await createSimulator(group.operator, group.task.noise, 2026, engine);
    const y = await simulator.measure(group.pictures[1]);
    await simulator.dispose();
    const sigmaY = 2 * toldSigma(group.task.noise);
    const alone = await solve(
      {
        operator: group.operator,
        measurement: y,
        sigmaY,
        prior: group.prior.prior,
        start: await firstGuess(group.operator, y, sigmaY, engine),
      },
      { solver: findSolver("dps"), options: { steps: 2, sigmaMax: 1 }, engine, seed: 1 },
    );
    const cell = first.cells.find((c) => c.task === "twice" && c.picture === "b" && c.solver === "dps short");
    const clipped = alone.pictures.map((v) => Math.min(1, Math.max(-1, v)));
    expect(cell?.psnr).toBe(psnr(clipped, group.pictures[1].data, 2));
    expect(cell?.residualRatio).toBeCloseTo(alone.residuals[0] / alone.expectedResidual, 5);
    expect(cell).toMatchObject({ forwards: 2, vjps: 2, steps: 2 });

    const again = await run(folder);
    expect(again).toMatchObject({ computed: 0, missing: 0 });
    expect(again.cells).toEqual(first.cells);
  });

  it("goes on after an interruption, with the same results", async () => {
    const [whole, broken] = [await scratch(), await scratch()];
    const wanted = (await run(whole)).cells;
    const stop = new AbortController();
    let seen = 0;
    const onProgress: BenchRequest["onProgress"] = ({ solver, step }) => {
      if (solver === "dps short" && step === 1 && ++seen === 2) stop.abort();
    };
    const part = await run(broken, {}, { signal: stop.signal, onProgress });
    expect(part.stopped).toBe(true);
    expect(part.missing).toBeGreaterThan(0);
    expect(part.cells.length).toBeGreaterThan(0);
    const rest = await run(broken);
    expect(rest.computed).toBe(part.missing);
    const qualities = (cells: typeof wanted) => cells.map(({ key, psnr: p, residualRms }) => [key, p, residualRms]);
    expect(qualities(rest.cells)).toEqual(qualities(wanted));
  });

  it("computes anew only what other settings touch", async () => {
    const folder = await scratch();
    await run(folder);
    const solvers = [
      ...trial.solvers.slice(0, 2),
      { solver: "dps", label: "dps short", options: { steps: 3, sigmaMax: 1 } },
    ];
    expect(await run(folder, { solvers })).toMatchObject({ computed: 6, missing: 0 });
    expect(await run(folder, { seed: 7, solvers: ["classical"] })).toMatchObject({ computed: 6 });
    // A cell that is not whole counts as none.
    const [name] = (await readdir(join(folder, "cells"))).filter((file) => file.endsWith(".json"));
    const text = await readFile(join(folder, "cells", name), "utf8");
    await writeFile(join(folder, "cells", name), text.slice(0, text.length / 2));
    const all = [
      await run(folder),
      await run(folder, { solvers }),
      await run(folder, { seed: 7, solvers: ["classical"] }),
    ];
    expect(all.reduce((sum, { computed }) => sum + computed, 0)).toBe(1);
  });

  it("computes a selection, and anew when asked", async () => {
    const folder = await scratch();
    const selection = { tasks: ["twice"], solvers: ["red-diff"], limit: 2 };
    expect(await run(folder, {}, { selection })).toMatchObject({ computed: 2, missing: 16 });
    expect(await run(folder, {}, { selection, fresh: true })).toMatchObject({ computed: 2, missing: 16 });
    await expect(run(folder, {}, { selection: { tasks: ["thrice"] } })).rejects.toThrow(
      /--tasks: expected one of box, twice, got thrice/,
    );
  });

  it("adds LPIPS to finished cells, from their pictures, and leaves it out when it is not asked for", async () => {
    const folder = await scratch();
    const solvers = ["classical"];
    const first = await run(folder, { solvers });
    // A stand-in: the mean absolute difference, with the interface of the real one.
    const stand: Lpips = {
      net: "alex",
      weights: "some hash",
      distance: async (a, b) => mae(a.data, b.data),
      dispose: async () => {},
    };
    const later = await run(folder, { solvers }, { lpips: stand });
    expect(later.computed).toBe(0);
    const fresh = await run(await scratch(), { solvers }, { lpips: stand });
    later.cells.forEach(({ lpips }, i) => {
      expect(lpips?.weights).toBe("some hash");
      expect(lpips?.value).toBeCloseTo(fresh.cells[i].lpips?.value as number, 4); // kept with 16 bits
    });
    expect((await run(folder, { solvers })).cells).toEqual(first.cells);
  });

  it("records a solver that leaves the finite numbers and goes on", async () => {
    const solvers = ["classical", { solver: "dps", options: { steps: 4, sigmaMax: 1, zeta: 1e38, clip: false } }];
    const { cells, computed } = await run(await scratch(), { solvers });
    expect(computed).toBe(12);
    expect(cells.filter(({ failure }) => failure).map(({ solver }) => solver)).toContain("dps (own)");
    expect(cells.find(({ failure }) => failure)?.failure).toMatch(/finite numbers/);
  });
});

describe("the report", () => {
  it("is one page with tables, plots, pictures and settings, and needs nothing else", async () => {
    const folder = await scratch();
    const name = 'Trial <b> & "more"';
    const { plan, cells, missing } = await run(folder, { name });
    const results = collectResults(plan, cells, { versions, threads: 1, missing });
    const html = await renderReport({ plan, results, folder, engine });
    expect(html).toContain("Trial &lt;b&gt; &amp; &quot;more&quot;");
    expect(html).not.toContain("<b> &");
    expect(html).not.toMatch(/<script|<link|src="(?!data:)|url\(|https?:/);
    // Truth, measurement and three solvers for the one picture shown of each task.
    expect(html.match(/<img/g)).toHaveLength(10);
    expect(html.match(/<svg/g)).toHaveLength(6);
    expect(html).toContain("needs plain denoising");
    expect(html).toContain(plan.priors[0].prior.hash);
    expect(html).toContain("&quot;steps&quot;:2");
    const opened = [...html.matchAll(/<(table|figure|details|svg|ul|div)\b/g)].length;
    expect([...html.matchAll(/<\/(table|figure|details|svg|ul|div)>/g)]).toHaveLength(opened);

    const row = results.summary.find((r) => r.task === "box" && r.solver === "dps short");
    expect(row?.pictures).toBe(3);
    const own = cells.filter((c) => c.task === "box" && c.solver === "dps short").map((c) => c.psnr as number);
    expect(row?.means.psnr?.mean).toBeCloseTo(own.reduce((s, v) => s + v, 0) / 3, 10);
    expect(html).toContain(`${row?.means.psnr?.mean.toFixed(2)}`);

    const lines = toCsv(cells).trimEnd().split("\r\n");
    expect(lines).toHaveLength(1 + cells.length);
    expect(lines[0]).toMatch(/^prior,set,task,picture,solver,psnr,ssim/);
  });

  it("quotes what CSV needs quoted", async () => {
    const { cells } = await run(await scratch(), { solvers: [{ solver: "classical", label: 'the "old", way' }] });
    expect(toCsv([{ ...cells[0], psnr: null }])).toContain(',"the ""old"", way",inf,');
  });
});
