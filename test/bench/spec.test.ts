import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { placeSpec } from "../../src/bench/place.ts";
import { parseBench, readBenchFile } from "../../src/bench/spec.ts";
import { writeAtomic } from "../../src/node/files.ts";
import { scratch, trial } from "./helpers.ts";

const path = "/somewhere/trial.json";
const parse = (change: object = {}) => parseBench({ ...trial, ...change }, path);

describe("parseBench", () => {
  it("fills in defaults and finds files from the bench file's folder", () => {
    const spec = parse({ images: ["pictures"], priors: undefined, name: undefined });
    expect(spec).toMatchObject({ name: "trial", seed: 2026, solverSeed: 1, priors: [{ model: "natural" }] });
    expect(spec.images).toEqual([{ name: "pictures", folder: "/somewhere/pictures" }]);
    expect(spec.tasks.map(({ noise }) => noise)).toEqual([
      { kind: "gaussian", sigma: 0.01 },
      { kind: "gaussian", sigma: 0.05 },
    ]);
    expect(parse({ priors: [{ model: "../a.onnx" }] }).priors).toEqual([{ model: "/a.onnx" }]);
  });

  it("gives each solver a label that says how it is set", () => {
    const solvers = [
      "dps",
      { solver: "dps", preset: "fast" },
      { solver: "dps", paper: true },
      { solver: "dps", options: { steps: 3 } },
      { solver: "classical" },
    ];
    expect(parse({ solvers }).solvers.map(({ label }) => label)).toEqual([
      "dps",
      "dps (fast)",
      "dps (paper)",
      "dps (own)",
      "classical",
    ]);
  });

  it("takes other kinds of noise", () => {
    const noise = { kind: "poisson", rate: 1 };
    expect(parse({ tasks: [{ ...trial.tasks[0], noise }] }).tasks[0].noise).toEqual(noise);
  });

  const [box] = trial.tasks;
  it.each([
    [{ tasks: [] }, /trial\.json\.tasks/],
    [{ colour: 1 }, /options among name.*got "colour"/],
    [{ tasks: [{ ...box, noise: "loud" }] }, /tasks/],
    [{ tasks: [{ ...box, noise: 1.5 }] }, /tasks/],
    [{ tasks: [box, box] }, /task: expected a name of its own for each, got box twice/],
    [
      { tasks: [{ ...box, operator: { name: "sharpen" } }] },
      /task box, operator: expected one of .*inpaint.*got sharpen/,
    ],
    [{ tasks: [{ ...box, images: ["others"] }] }, /task box, images: expected one of set, got others/],
    [{ solvers: ["magic"] }, /solver: expected one of .*red-diff.*got magic/],
    [{ solvers: ["dps", "dps"] }, /solver label: .*dps twice/],
    [{ solvers: [{ solver: "dps", preset: "fast", paper: true }] }, /a preset or the paper's settings, got both/],
    [{ solvers: [{ solver: "dps", tasks: ["circle"] }] }, /solver dps.*expected one of box, twice, got circle/],
  ])("refuses %j with the field at fault", (change, message) => {
    expect(() => parse(change)).toThrow(message);
  });

  it("says when there is no file, or no JSON", async () => {
    const folder = await scratch();
    await expect(readBenchFile(join(folder, "none.json"))).rejects.toThrow(/none\.json: expected a bench file/);
    await writeAtomic(join(folder, "bad.json"), "{ tasks: 1 }");
    await expect(readBenchFile(join(folder, "bad.json"))).rejects.toThrow(/bad\.json: expected a bench file in JSON/);
  });
});

describe("placeSpec", () => {
  it("makes parts of a picture whole pixels and leaves the rest alone", () => {
    const spec = {
      name: "inpaint",
      mask: { type: "box", top: "1/3 h", left: "0.25 w", height: "1 h", width: 7 },
      x: ["1/2w"],
    };
    expect(placeSpec(spec, 100, 48)).toEqual({
      name: "inpaint",
      mask: { type: "box", top: 33, left: 12, height: 100, width: 7 },
      x: [24],
    });
    expect(() => placeSpec({ name: "inpaint", top: "4/3 h" }, 10, 10)).toThrow(/at most the whole.*4\/3 h/);
  });
});
