import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect } from "vitest";
import { run } from "../../src/cli/program.ts";
import { encodeImage } from "../../src/node/codecs/index.ts";
import { readImage } from "../../src/node/pictures.ts";
import { createImage, crop, formatFromPath, type Image } from "../../src/pictures/index.ts";

const root = resolve(import.meta.dirname, "../..");
const children: ChildProcess[] = [];
// A test that fails half-way must not leave a run behind that never ends.
afterAll(() => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
});
const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** A fresh folder, removed when the tests of the file are done. */
export async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tweedie-cli-"));
  folders.push(folder);
  return folder;
}

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process. */
export async function tweedie(...argv: readonly string[]): Promise<Ended> {
  let [out, err] = ["", ""];
  const code = await run(argv, {
    out: { write: (data) => (out += typeof data === "string" ? data : Buffer.from(data).toString("latin1")) },
    err: { write: (text) => (err += text) },
  });
  return { code, out, err };
}

/**
 * Starts a command line as a process of its own. `before` and `after` are shell commands that run around it in a mount
 * namespace that ends with them.
 */
export function start(argv: readonly string[], before?: string, after = "true") {
  const command = [process.execPath, "--import", "tsx", join(root, "src/cli/main.ts"), ...argv];
  const script = `${before} || exit 99; "$@"; code=$?; ${after}; exit $code`;
  const [file, ...args] = before ? ["unshare", "-m", "sh", "-c", script, "sh", ...command] : command;
  const child = spawn(file, args, { cwd: root, env: { ...process.env, NODE_OPTIONS: "" } });
  children.push(child);
  let [out, err] = ["", ""];
  child.stdout.on("data", (text: Buffer) => {
    out += text.toString();
  });
  child.stderr.on("data", (text: Buffer) => {
    err += text.toString();
  });
  const ended = new Promise<Ended & { signal: NodeJS.Signals | null }>((done, fail) => {
    child.on("error", fail);
    child.on("close", (code, signal) => done({ code, signal, out, err }));
  });
  return { child, ended, stderr: () => err };
}

/** A piece of the example photo. */
export async function photo(width = 32, height = 24): Promise<Image> {
  return crop(await readImage(join(root, "examples/photo.png")), 90, 60, width, height);
}

export async function save(path: string, image: Image): Promise<string> {
  await writeFile(path, await encodeImage(image, { format: formatFromPath(path) }));
  return path;
}

/** A mask with a cross of missing pixels. */
export function cross(width: number, height: number): Image {
  const data = Float32Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return x === Math.floor(width / 2) || y === Math.floor(height / 2) ? 1 : 0;
  });
  return createImage(width, height, 1, data);
}

/** All files of a folder with their bytes. */
export async function contents(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await readFile(join(folder, name))).toString("base64")])),
  );
}

/** One clear line (and perhaps a hint), nothing on standard output. */
export function expectOneLine({ err, out }: Ended, message: RegExp | string): void {
  const lines = err.trimEnd().split("\n");
  expect(out).toBe("");
  expect(lines[0]).toMatch(/^tweedie: /);
  expect(lines[0]).toMatch(message);
  expect(lines.slice(1).every((line) => line.startsWith("  hint: "))).toBe(true);
}
