import { describe, expect, it } from "vitest";
import { present, readCases } from "./cases.ts";
import { matches, readExclusions } from "./exclusions.ts";

/** Cases excluded in some stage. This number may only go down. */
const excluded = 205;

describe("the list of exclusions", () => {
  const list = readExclusions();

  it("names each case once a stage", () => {
    const keys = list.map((e) => `${e.stage} ${e.name}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it.skipIf(!present)("only shrinks, and leaves what must pass (skipped where ../shared/data is absent)", () => {
    const names = readCases().map((c) => c.name);
    for (const e of list)
      expect(
        names.filter((n) => matches(e, n)),
        `${e.name} names no case`,
      ).not.toHaveLength(0);
    const out = names.filter((n) => list.some((e) => matches(e, n)));
    const passing = (suite: string) => names.filter((n) => n.startsWith(`${suite}/`) && !out.includes(n)).length;
    process.stdout.write(
      `ONNX backend cases: ${names.length - out.length} of ${names.length} pass in every stage (node ${passing("node")}, ` +
        `pytorch-converted ${passing("pytorch-converted")}, pytorch-operator ${passing("pytorch-operator")}, ` +
        `simple ${passing("simple")})\n`,
    );
    expect(out.length, "fewer exclusions: lower the number").toBe(excluded);
    expect(passing("node")).toBeGreaterThan(500);
    expect(out.filter((n) => n.startsWith("pytorch-"))).toEqual([]);
  });
});
