import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, vi } from "vitest";
import type { Runtime } from "../../src/engine/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import { input, type Tensor } from "../../src/tensor/index.ts";
import { random, smallNet } from "./helpers.ts";

const shape = [1, 3, 64, 64];
const data = random(3 * 64 * 64, 1);

async function program(signal?: AbortSignal) {
  const engine = await createEngine({ threads: 1, signal });
  const x = input(shape);
  return { engine, program: await engine.compile({ inputs: { x }, outputs: { y: smallNet(x) } }) };
}

describe("abort", () => {
  it("rejects a run under way at once; later runs work", async () => {
    const { engine, program: p } = await program();
    const controller = new AbortController();
    const run = p.run({ x: data }, { signal: controller.signal });
    controller.abort();
    await expect(run).rejects.toMatchObject({ code: "aborted", message: "the run was aborted" });
    await expect(p.run({ x: data }, { signal: controller.signal })).rejects.toMatchObject({ code: "aborted" });
    expect((await p.run({ x: data })).y.length).toBe(data.length);
    await engine.dispose();
  });

  it("through the engine's signal ends runs and compilations", async () => {
    const controller = new AbortController();
    const { engine, program: p } = await program(controller.signal);
    const x = input(shape);
    const pending = [p.run({ x: data }), engine.compile({ inputs: { x }, outputs: { y: x.exp() } })];
    controller.abort();
    for (const promise of pending) await expect(promise).rejects.toMatchObject({ code: "aborted" });
    await expect(createEngine({ signal: controller.signal })).rejects.toMatchObject({ code: "aborted" });
    await engine.dispose();
  });

  it("leaves no listener behind", async () => {
    const { engine, program: p } = await program();
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    await p.run({ x: data }, { signal });
    expect(listeners).toBe(0);
    await engine.dispose();
  });
});

describe("the end", () => {
  it("of an engine waits for the call under way, rejects what is pending and what comes later", async () => {
    const { engine, program: p } = await program();
    const runs = [p.run({ x: data }), p.run({ x: data }), p.run({ x: data })];
    const settled = Promise.allSettled(runs);
    await Promise.all([engine.dispose(), engine.dispose()]);
    const last = (await settled).at(-1);
    expect(last?.status === "rejected" ? last.reason : last).toMatchObject({ code: "aborted" });
    await expect(p.run({ x: data })).rejects.toMatchObject({ message: "the engine is disposed" });
    await p.dispose();
    await engine.dispose();
  });

  it("of an engine in the midst of a call leaves the process alive", async () => {
    for (const milliseconds of [0, 10, 20, 30]) {
      const engine = await createEngine({ threads: 1 });
      const x = input([400, 400]);
      const y = Array.from({ length: 20 }).reduce<Tensor>((power) => power.matmul(x), x);
      const slow = await engine.compile({ inputs: { x }, outputs: { y } });
      const run = slow.run({ x: new Float32Array(160000) }).catch((error: unknown) => error);
      await new Promise((done) => setTimeout(done, milliseconds));
      await engine.dispose();
      expect(await run).toBeDefined();
    }
  });

  it("of a program ends its use, once; what it was compiled to serves the next", async () => {
    const { engine, program: p } = await program();
    await p.dispose();
    await p.dispose();
    await expect(p.run({ x: data })).rejects.toMatchObject({ message: "the program is disposed" });
    await engine.dispose();
  });

  it("of a compilation that was aborted closes what was loaded", async () => {
    const events: string[] = [];
    const runtime: Runtime = {
      contrib: false,
      cores: 1,
      availableMemory: () => undefined,
      hold: async (value) => value,
      createSession: async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        events.push("loaded");
        return { run: async () => ({}), dispose: async () => void events.push("closed") };
      },
      dispose: async () => {},
    };
    const engine = await createEngine({ runtime });
    const controller = new AbortController();
    const x = input([2]);
    const compile = engine.compile({ inputs: { x }, outputs: { y: x.exp() }, signal: controller.signal });
    controller.abort();
    await expect(compile).rejects.toMatchObject({ code: "aborted", message: "compiling was aborted" });
    expect(events).toEqual([]);
    await vi.waitUntil(() => events.length === 2);
    expect(events).toEqual(["loaded", "closed"]);
  });

  it.each(["disposed", "forgotten"])("of the process does not wait for an engine that is %s", async (how) => {
    const source = new URL("../../src/", import.meta.url).href;
    const script = `
      const { createEngine } = await import("${source}node/engine.ts");
      const { input } = await import("${source}tensor/index.ts");
      const engine = await createEngine({ threads: 1 });
      const x = input([2]);
      const program = await engine.compile({ inputs: { x }, outputs: { y: x.add(1) } });
      const { y } = await program.run({ x: Float32Array.of(1, 2) });
      if ("${how}" === "disposed") await engine.dispose();
      console.log(y.join());`;
    const root = fileURLToPath(new URL("../..", import.meta.url));
    const node = ["--import", "tsx", "--input-type=module", "-e", script];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, node, { cwd: root, timeout: 50_000 });
    expect(stdout).toBe("2,3\n");
    expect(stderr).toBe("");
  });
});
