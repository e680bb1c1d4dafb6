import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeImage } from "../../src/node/codecs/index.ts";
import { decodeNpy } from "../../src/pictures/index.ts";
import { contents, expectOneLine, photo, save, scratch, start, tweedie } from "./helpers.ts";

/** Runs a command line as a process that reads `input`; its standard output as bytes. */
async function pipe(argv: readonly string[], input: Uint8Array) {
  const { child, ended } = start(argv);
  const parts: Buffer[] = [];
  child.stdout.on("data", (part: Buffer) => parts.push(part));
  child.stdin.end(input);
  const { code, err } = await ended;
  return { code, err, bytes: Buffer.concat(parts) };
}

describe("- as input and output", () => {
  it("reads standard input, writes standard output, reports on standard error and leaves no file", async () => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo());
    const options = ["--task", "denoise", "--noise", "0.1", "--threads", "1"];
    const piped = await pipe(["restore", "-", ...options, "-o", "-"], await readFile(image));
    expect(piped.code, piped.err).toBe(0);
    expect(piped.err).toMatch(/result +- \(32x24\); no record \(--record names one\)/);
    await tweedie("restore", image, ...options, "-o", join(folder, "out.png"));
    expect(piped.bytes.equals(await readFile(join(folder, "out.png")))).toBe(true);
  });

  it("another format and a record can be named; numbers come as numbers", async () => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo());
    const record = join(folder, "r.json");
    const blur = ["--task", "deblur", "--kernel", "gaussian:1", "--threads", "1"];
    const y = await pipe(["degrade", "-", ...blur, "-o", "npy:-", "--record", record], await readFile(image));
    expect(y.code, y.err).toBe(0);
    expect(decodeNpy(y.bytes).shape).toEqual([3, 24, 32]);
    expect(JSON.parse(await readFile(record, "utf8"))).toMatchObject({
      command: "degrade",
      outputs: [{ path: "npy:-" }],
    });
    const webp = await pipe(["degrade", "-", ...blur, "--range", "-1..1", "-o", "webp:-"], y.bytes);
    expect(webp.code, webp.err).toBe(0);
    expect(await decodeImage(webp.bytes)).toMatchObject({ width: 32, height: 24, meta: { format: "webp" } });
    expect(Object.keys(await contents(folder))).toEqual(["in.png", "r.json"]);
  });

  it("takes one picture, and no unknown format", async () => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo());
    const denoise = ["restore", image, "--task", "denoise"];
    expectOneLine(await tweedie(...denoise, "--samples", "2", "-o", "-"), /-o: expected a name, for several pictures/);
    expectOneLine(await tweedie(...denoise, "-o", "gif:-"), /expected a file name ending in \.png/);
    expectOneLine(await tweedie(...denoise, "--resume", "-o", "-"), /--resume: expected a run with files/);
  });

  it("--record puts the record elsewhere", async () => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo());
    const args = ["degrade", image, "--task", "denoise", "--noise", "0.1", "-o", join(folder, "out.png")];
    const { code, err } = await tweedie(...args, "--record", join(folder, "other.json"));
    expect(code, err).toBe(0);
    expect(Object.keys(await contents(folder))).toEqual(["in.png", "other.json", "out.png"]);
    const replay = await tweedie("replay", join(folder, "other.json"));
    expect(replay.out, replay.err).toContain("the same as recorded");
  });
});
