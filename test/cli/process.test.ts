import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { readImage } from "../../src/node/pictures.ts";
import { contents, cross, expectOneLine, photo, save, scratch, start, tweedie } from "./helpers.ts";

// Whole processes, each of which loads the program anew: slow where a machine is busy.
vi.setConfig({ testTimeout: 300_000 });

/** Whether this process may mount file systems in a namespace of its own. */
const canMount = spawnSync("unshare", ["-m", "sh", "-c", "mount -t tmpfs -o size=64k tmpfs /mnt"]).status === 0;

describe("disks", () => {
  const denoise = ["--task", "denoise", "--noise", "0.1", "--threads", "1"];

  it.skipIf(!canMount)("a full disk (needs the right to mount) leaves no part of a file", async () => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo(96, 96));
    const target = join(folder, "full");
    await mkdir(target);
    const mount = `mount -t tmpfs -o size=4k tmpfs ${target}`;
    const { ended } = start(["restore", image, ...denoise, "-o", join(target, "out.png")], mount, `ls -A ${target}`);
    const { code, err, out } = await ended;
    expectOneLine({ code, err, out }, /full\/out\.png: expected room to write, got a full disk/);
    expect(code).toBe(1);
  });

  it.skipIf(!canMount)("a read-only folder (needs the right to mount) is refused before the work", async () => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo());
    const target = join(folder, "fixed");
    await mkdir(target);
    const mount = `mount -t tmpfs tmpfs ${target} && mount -o remount,ro ${target}`;
    const { ended } = start(["restore", image, ...denoise, "-o", join(target, "out.png")], mount);
    const result = await ended;
    expectOneLine(result, /fixed\/out\.png: expected a place that can be written, got a read-only file system/);
    expect(result.code).toBe(1);
  });
});

describe("interruption", () => {
  /** A run that takes much longer than anyone will wait. */
  const endless = async (folder: string) => {
    const image = await save(join(folder, "in.png"), await photo(64, 64));
    const mask = await save(join(folder, "mask.png"), cross(64, 64));
    const options = ["--steps", "20000", "--option", "inner=1", "sigmaMax=5", "--threads", "1"];
    return ["restore", image, "--task", "inpaint", "--mask", mask, ...options, "-o", join(folder, "out.png")];
  };

  /** Waits until the run has begun its steps: the first progress line comes within some seconds. */
  const started = async (stderr: () => string) => {
    for (let i = 0; i < 2400 && !stderr().includes("step "); i++) await sleep(100);
    expect(stderr()).toContain("step ");
  };

  it.each(["SIGINT", "SIGTERM"] as const)(
    "%s keeps the best picture so far and says so; it can be replayed",
    async (signal) => {
      const folder = await scratch();
      const { child, ended, stderr } = start(await endless(folder));
      await started(stderr);
      child.kill(signal);
      const { code, out, err } = await ended;
      expect(code).toBe(signal === "SIGINT" ? 130 : 143);
      expect(err).toMatch(/tweedie: stopped after \d+ steps: the best picture so far is kept in .*out\.png/);
      expect(out).toContain("stopped early");
      const picture = await readImage(join(folder, "out.png"));
      expect([picture.width, picture.height]).toEqual([64, 64]);
      expect(Object.keys(await contents(folder))).toEqual(["in.png", "mask.png", "out.json", "out.png"]);
      const manifest = JSON.parse(await readFile(join(folder, "out.json"), "utf8"));
      expect(manifest.run.stopped).toBe(true);
      // A shorter one of the same kind is repeated here, for the time it takes.
      if (manifest.run.steps > 1000) return;
      expect((await tweedie("replay", join(folder, "out.json"))).code).toBe(0);
    },
  );

  it("a second signal ends it at once", async () => {
    const folder = await scratch();
    const { child, ended, stderr } = start(await endless(folder));
    await started(stderr);
    child.kill("SIGINT");
    for (let i = 0; i < 1000 && !stderr().includes("once more"); i++) await sleep(10);
    child.kill("SIGINT");
    // As the system would have ended it, had the first one not been caught.
    expect((await ended).signal).toBe("SIGINT");
    const names = Object.keys(await contents(folder));
    expect(names.filter((name) => !/^(in|mask|out)\.(png|json)$/.test(name))).toEqual([]);
  });

  it("a signal before the first step ends in one line and no file", async () => {
    const folder = await scratch();
    const { child, ended } = start(await endless(folder));
    await sleep(50);
    child.kill("SIGINT");
    const { code, signal, err } = await ended;
    // Before the program runs, the system's own handling ends the process.
    if (code !== null) {
      expect(code).toBe(130);
      expect(err.trimEnd().split("\n").at(-1)).toMatch(/^tweedie: .*(stopped|aborted)/);
    } else expect(signal).toBe("SIGINT");
    expect(Object.keys(await contents(folder))).toEqual(["in.png", "mask.png"]);
  });

  it("kill -9 at any moment leaves no half-written picture under the name", async () => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo(64, 64));
    const output = join(folder, "out.png");
    const argv = ["restore", image, "--task", "denoise", "--noise", "0.1", "--threads", "1", "-o", output];
    for (const delay of [300, 900, 1300, 1700, 2100, 2500]) {
      await rm(output, { force: true });
      await rm(join(folder, "out.json"), { force: true });
      const { child, ended } = start(argv);
      const timer = setTimeout(() => child.kill("SIGKILL"), delay);
      await ended;
      clearTimeout(timer);
      const names = (await readdir(folder)).filter((name) => !name.startsWith("."));
      expect(names.filter((name) => !["in.png", "out.png", "out.json"].includes(name))).toEqual([]);
      if (names.includes("out.png")) expect((await readImage(output)).width).toBe(64);
      if (names.includes("out.json")) JSON.parse(await readFile(join(folder, "out.json"), "utf8"));
    }
    // What a killed process leaves behind is removed by the next run.
    expect((await tweedie(...argv)).code).toBe(0);
    expect(Object.keys(await contents(folder))).toEqual(["in.png", "out.json", "out.png"]);
  });
});

describe("streams", () => {
  const run = async (redirection: string, ...more: string[]) => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo(64, 64));
    const output = join(folder, "out.png");
    const argv = ["restore", image, "--task", "denoise", "--noise", "0.1", "--threads", "1", ...more, "-o", output];
    const main = join(import.meta.dirname, "../../src/cli/main.ts");
    const script = `"$@" ${redirection}; echo "code \${PIPESTATUS[0]}" >&3`;
    const command = [process.execPath, "--import", "tsx", main, ...argv];
    const { output: streams } = spawnSync("bash", ["-c", script, "bash", ...command], {
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      encoding: "utf8",
    });
    const files = Object.keys(await contents(folder));
    return { code: Number(/code (\d+)/.exec(String(streams[3]))?.[1]), files, err: String(streams[2]) };
  };
  const whole = ["in.png", "out.json", "out.png"];

  it.each(["2>&1 | true", "2>&1 | head -1", "2>&1 >/dev/null | true", "| true", ">&-", "2>&-", ">&- 2>&-"])(
    "that end early (%s) neither stop a run nor lose its result",
    async (redirection) => {
      expect(await run(redirection)).toMatchObject({ code: 0, files: whole });
    },
  );

  it.skipIf(!existsSync("/dev/full"))("that are full lose their text and nothing else", async () => {
    expect(await run(">/dev/full")).toEqual({ code: 1, files: whole, err: "" });
    expect(await run("2>/dev/full")).toMatchObject({ code: 0, files: whole });
    expect(await run(">/dev/full 2>&1", "--json")).toMatchObject({ code: 1, files: whole });
  });
});
