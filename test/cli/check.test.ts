import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { photo, save, scratch, start, tweedie } from "./helpers.ts";

// Whole processes, each of which loads the program anew: slow where a machine is busy.
vi.setConfig({ testTimeout: 300_000 });
const example = "examples/operators/interlaced.ts";

describe("check", () => {
  it("tests a registered operator and prints a table", async () => {
    const { code, out } = await tweedie("check", "--operator", "mri", "--param", "coils=2", "--size", "8x6");
    expect(out).toMatch(/^tweedie check mri: \[3, 6, 8\] → \[12, 6, 8\], linear\n/);
    expect(out).toMatch(/\n {2}adjoint +ok +⟨Au, v⟩/);
    expect(out).toMatch(/\nevery test passed\n$/);
    expect(code).toBe(0);
  });

  it("prints JSON", async () => {
    const { code, out } = await tweedie("check", "--operator", "ct", "--size", "8x8", "--channels", "1", "--json");
    const report = JSON.parse(out);
    expect(report).toMatchObject({ operator: "ct", passed: true, domain: [1, 1, 8, 8], range: [1, 1, 12, 30] });
    expect(report.checks.map(({ name }: { name: string }) => name)).toContain("gradient");
    expect(code).toBe(0);
  });

  it.each([
    [["check"], /check: expected a module that defines an operator, or --operator NAME, got nothing/],
    [["check", "--operator", "magic"], /--operator: expected .*ct.*, got magic/],
    [["check", "--operator", "ct", "--channels", "0"], /--channels: expected a whole number from 1 on, got 0/],
    [["check", "--operator", "ct", "--param", "angles=0"], /ct\.angles: expected .*, got 0/],
  ])("refuses %j", async (argv, message) => {
    const { code, err } = await tweedie(...argv);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });

  it("says that a module is not there", async () => {
    const { code, err } = await tweedie("check", "nowhere.ts");
    expect(err).toBe("tweedie: nowhere.ts: expected an existing module, got no such file\n");
    expect(code).toBe(1);
  });
});

describe("a module of the user's", () => {
  it("is tested in TypeScript", async () => {
    const { out, code, err } = await start(["check", example, "--size", "8x6"]).ended;
    expect(err).toBe("");
    expect(out).toMatch(/^tweedie check interlaced: \[3, 6, 8\] → \[3, 3, 8\], linear\n/);
    expect(code).toBe(0);
  });

  it("fails with exit code 1 when it is wrong, and finds zod and tweedie from anywhere", async () => {
    const file = join(await scratch(), "wrong.mjs");
    const source = `
      import { defineOperator } from "tweedie";
      import { z } from "zod";
      defineOperator({
        name: "wrong", summary: "an offset", schema: z.strictObject({}),
        create: (_, domain) => ({
          name: "wrong", domain, range: domain, linear: true, normSquared: 1,
          apply: (x) => x.add(1), toJSON: () => ({ name: "wrong" }),
        }),
      });`;
    await writeFile(file, source);
    const { out, code } = await start(["check", file]).ended;
    expect(out).toMatch(/linearity +FAIL .*\n.*hint: A\(0\) is not 0/);
    expect(out).toMatch(/\d of 13 tests failed\n$/);
    expect(code).toBe(1);
  });

  it("says what is wrong with a module that defines nothing, or cannot be run", async () => {
    const folder = await scratch();
    await writeFile(join(folder, "empty.mjs"), "export const nothing = 0;");
    await writeFile(join(folder, "broken.mjs"), "throw new Error('not today');");
    const empty = await start(["check", join(folder, "empty.mjs")]).ended;
    expect(empty.err).toMatch(
      /expected a module that defines an operator, got one that defines none\n {2}hint: import/,
    );
    const broken = await start(["check", join(folder, "broken.mjs")]).ended;
    expect(broken.err).toMatch(/broken\.mjs: cannot be run: not today/);
    expect([empty.code, broken.code]).toEqual([1, 1]);
  });

  it("measures, restores and is replayed", async () => {
    const folder = await scratch();
    const [rows, restored] = [join(folder, "rows.npy"), join(folder, "out.png")];
    const picture = await save(join(folder, "in.png"), await photo(16, 16));
    const common = ["--operator-module", example, "--threads", "1"];
    expect((await start(["degrade", picture, ...common, "-o", rows]).ended).out).toMatch(/numbers \[3, 8, 16\]/);
    const solver = ["--preset", "fast", "--steps", "2", "--option", "inner=1"];
    expect((await start(["restore", rows, ...common, ...solver, "-o", restored]).ended).out).toMatch(/16x16/);
    const { out, code } = await start(["replay", join(folder, "out.json"), "--allow-operator-module"]).ended;
    expect(out).toMatch(/the same as recorded/);
    expect(code).toBe(0);
  });
});
