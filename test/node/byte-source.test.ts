import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileSource, sha256Of } from "../../src/node/byte-source.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tweedie-bytes-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("reads any range of a file, also beyond 4 GiB", async () => {
  const path = join(folder, "large");
  const at = 2 ** 32 + 5;
  const handle = await open(path, "w");
  await handle.write(Uint8Array.of(1, 2, 3), 0, 3, at);
  await handle.close();
  const source = await fileSource(path);
  expect([source.name, source.size]).toEqual([path, at + 3]);
  expect(await source.read(at - 1, 4)).toEqual(Uint8Array.of(0, 1, 2, 3));
  expect(await source.read(at + 3, 0)).toEqual(new Uint8Array());
  await expect(source.read(at, 4)).rejects.toMatchObject({ code: "unreadable-file" });
  await expect(source.read(0, 1, AbortSignal.abort())).rejects.toMatchObject({ code: "aborted" });
  await source.close();
  await expect(source.read(0, 1)).rejects.toMatchObject({ code: "unreadable-file" });
  await rm(path);
});

test("the sha256 is that of the whole file", async () => {
  const bytes = Uint8Array.from({ length: 2 ** 24 + 7 }, (_, i) => i * 31);
  const path = join(folder, "hashed");
  await writeFile(path, bytes);
  const source = await fileSource(path);
  expect(await sha256Of(source)).toBe(createHash("sha256").update(bytes).digest("hex"));
  await truncate(path, 9);
  await expect(sha256Of(source)).rejects.toMatchObject({ code: "unreadable-file", got: "it has become shorter" });
  await source.close();
});

test("refuses what is no file, at once", async () => {
  await expect(fileSource(join(folder, "none"))).rejects.toMatchObject({ code: "missing-file" });
  await expect(fileSource(folder)).rejects.toMatchObject({ code: "unreadable-file", got: "a folder" });
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  await expect(fileSource(pipe)).rejects.toMatchObject({ code: "unreadable-file", got: "a device, pipe or socket" });
});
