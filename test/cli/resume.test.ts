import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { photo, save, scratch, start, tweedie } from "./helpers.ts";

it("a run that was killed with -9 goes on with --resume, to the same bytes", { timeout: 240_000 }, async () => {
  const folder = await scratch();
  const at = (name: string) => join(folder, name);
  await save(at("in.png"), await photo(48, 48));
  const run = (out: string, ...more: readonly string[]) => {
    const solver = ["--solver", "ddnm", "--steps", "30", "--samples", "2", "--seed", "3", "--threads", "1"];
    return ["restore", at("in.png"), "--task", "denoise", "--noise", "0.1", ...solver, ...more, "-o", at(out)];
  };
  expect((await tweedie(...run("whole.png"))).code).toBe(0);

  const state = at(".killed.png.checkpoint");
  const { child, ended } = start(run("killed.png", "--checkpoint", "0"));
  while (!existsSync(state) && child.exitCode === null) await new Promise((done) => setTimeout(done, 20));
  child.kill("SIGKILL");
  expect((await ended).signal).toBe("SIGKILL");
  expect(existsSync(at("killed.png"))).toBe(false);
  await copyFile(state, at("kept"));

  // Another seed is another run: the state is refused, and stays.
  const other = await tweedie(...run("killed.png", "--resume", "--seed", "4"));
  expect(other.code).toBe(2);
  expect(other.err).toContain("resume: expected the request that the snapshot was taken of");
  expect(await readFile(state)).toEqual(await readFile(at("kept")));

  const resumed = await tweedie(...run("killed.png", "--resume"));
  expect(resumed).toMatchObject({ code: 0, err: "" });
  for (const k of [1, 2]) expect(await readFile(at(`killed-${k}.png`))).toEqual(await readFile(at(`whole-${k}.png`)));
  expect((await readdir(folder)).filter((name) => name.endsWith("checkpoint"))).toEqual([]);
  const record = (name: string) => readFile(at(name), "utf8").then((text) => JSON.parse(text));
  const [one, two] = [await record("whole.json"), await record("killed.json")];
  expect(two.run).toMatchObject({ steps: one.run.steps, forwards: one.run.forwards, residual: one.run.residual });
  expect(two.arguments).not.toHaveProperty("resume");
});

it("--resume without a state begins at the beginning", async () => {
  const folder = await scratch();
  const at = (name: string) => join(folder, name);
  await save(at("in.png"), await photo(48, 48));
  const args = ["restore", at("in.png"), "--task", "denoise", "--noise", "0.1", "-o", at("out.png")];
  expect((await tweedie(...args, "--resume")).code).toBe(0);
  expect(existsSync(at("out.png"))).toBe(true);
});

it("a state that cannot be written stops nothing, and is told of", async () => {
  const folder = await scratch();
  const at = (name: string) => join(folder, name);
  await save(at("in.png"), await photo(48, 48));
  await mkdir(join(at(".out.png.checkpoint"), "in the way"), { recursive: true });
  const args = ["restore", at("in.png"), "--task", "denoise", "--noise", "0.1", "--checkpoint", "0"];
  const { code, out } = await tweedie(...args, "-o", at("out.png"));
  expect(code).toBe(0);
  expect(existsSync(at("out.png"))).toBe(true);
  expect(out).toContain("its state could not be written");
});
