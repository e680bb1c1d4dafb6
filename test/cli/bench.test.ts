import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { trial, writePictures } from "../bench/helpers.ts";
import { expectOneLine, scratch, start, tweedie } from "./helpers.ts";

async function trialFolder(change: object = {}): Promise<{ folder: string; file: string; out: string }> {
  const folder = await scratch();
  await writePictures(folder, [[16, 16]]);
  const file = join(folder, "trial.json");
  await writeFile(file, JSON.stringify({ ...trial, ...change }));
  return { folder, file, out: join(folder, "out") };
}

describe("tweedie bench run", () => {
  it("writes results and a report, and does nothing twice", async () => {
    const { file, out } = await trialFolder();
    const first = await tweedie("bench", "run", file, "-o", out, "--threads", "1");
    expect(first).toMatchObject({ code: 0, err: "" });
    expect(first.out).toMatch(/box \(set, prior tiny, 1 pictures?\)/);
    expect(first.out).toMatch(/posterior-mean .* needs plain denoising/);
    expect((await readdir(out)).sort()).toEqual(["cells", "report.html", "results.csv", "results.json"]);
    const results = JSON.parse(await readFile(join(out, "results.json"), "utf8"));
    expect(results).toMatchObject({ "tweedie-bench": 1, name: "Trial", missing: 0, seed: 2026 });
    expect(results.cells).toHaveLength(6);
    expect(results.solvers[2].options[0].options).toMatchObject({ steps: 2, sigmaMax: 1, eta: 1 });

    const again = await tweedie("bench", "run", file, "-o", out, "--report", "--json");
    expect(JSON.parse(again.out).cells).toEqual(results.cells);
  });

  it("names what is wrong in one line", async () => {
    const { folder, file } = await trialFolder();
    expectOneLine(await tweedie("bench", "run", join(folder, "none.json")), /none\.json: expected a bench file/);
    const wrong = await tweedie("bench", "run", file, "--solvers", "dps,,");
    expect(wrong.code).toBe(2);
    expectOneLine(wrong, /--solvers: expected names separated by commas, got dps,,/);
    expectOneLine(await tweedie("bench", "run", file, "--limit", "0"), /--limit: expected a whole number from 1/);
    expectOneLine(await tweedie("bench", "run", file, "--fresh", "--report"), /--report: expected no --fresh/);
    const lpips = await tweedie("bench", "run", file, "-o", join(folder, "x"), "--lpips", join(folder, "no"));
    expectOneLine(lpips, /expected an existing file of backbone weights/);
  });

  it("stops at Ctrl-C and goes on from there", { timeout: 240_000 }, async () => {
    const solvers = ["classical", { solver: "dps", label: "long", options: { steps: 100_000, sigmaMax: 1 } }];
    const { file, out } = await trialFolder({ solvers });
    const { child, ended } = start(["bench", "run", file, "-o", out, "--threads", "1"]);
    const cells = async () => (existsSync(join(out, "cells")) ? readdir(join(out, "cells")) : []);
    while ((await cells()).length === 0 && child.exitCode === null) await new Promise((done) => setTimeout(done, 100));
    child.kill("SIGINT");
    const { code, err } = await ended;
    expect(err).toMatch(/stopped: 3 of 4 cells are left; the same command goes on from here/);
    expect(code).toBe(130);
    expect(existsSync(join(out, "report.html"))).toBe(true);
    const rest = await tweedie("bench", "run", file, "-o", out, "--solvers", "classical", "--json");
    expect(JSON.parse(rest.out)).toMatchObject({ missing: 2 });
  });
});

describe("tweedie calibrate", () => {
  it("writes the coverage of the solvers that draw samples", async () => {
    const { file, out } = await trialFolder();
    const { code, out: text } = await tweedie("calibrate", file, "-o", out, "--samples", "5", "--threads", "1");
    expect(code).toBe(0);
    expect(text).toMatch(/red-diff \(own\)[ –]+seeks one picture, draws no samples/);
    const record = JSON.parse(await readFile(join(out, "calibration.json"), "utf8"));
    expect(record).toMatchObject({ "tweedie-calibration": 1, samples: 5, missing: 0 });
    expect(record.rows.filter((row: { calibration?: unknown }) => row.calibration)).toHaveLength(2);
    expect(existsSync(join(out, "calibration.html"))).toBe(true);
    expectOneLine(await tweedie("calibrate", file, "--samples", "1"), /--samples: expected a whole number from 2/);
  });
});
