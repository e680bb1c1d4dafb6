import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { checkWritable, readBytes, writeAtomic, writeError, writeTogether } from "../../src/node/files.ts";
import { scratchFolder } from "../helpers/pictures.ts";

let folder: string;
beforeEach(async () => {
  folder = await scratchFolder();
});

/** Runs a Node program in a process of its own and waits for a line of it, or for its end. */
function runNode(
  program: string,
  options: readonly string[] = [],
): {
  line: Promise<string>;
  end: Promise<number | null>;
  kill: () => void;
  pid: number;
} {
  const child = spawn(process.execPath, [...options, "--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = new Promise<string>((done) => child.stdout.once("data", (data) => done(String(data).trim())));
  const end = new Promise<number | null>((done) => child.once("close", (code) => done(code)));
  return { line, end, kill: () => child.kill("SIGKILL"), pid: child.pid! };
}

describe("writeAtomic", () => {
  it("writes bytes and text, replaces, and leaves nothing else", async () => {
    const path = join(folder, "out.bin");
    await writeAtomic(path, Uint8Array.from([1, 2, 3]));
    expect([...(await readFile(path))]).toEqual([1, 2, 3]);
    await writeAtomic(path, "text");
    expect(await readFile(path, "utf8")).toBe("text");
    expect(await readdir(folder)).toEqual(["out.bin"]);
  });

  it("keeps the permissions of the file that it replaces and follows a link", async () => {
    const path = join(folder, "real.txt");
    await writeFile(path, "old");
    await chmod(path, 0o640);
    await symlink(path, join(folder, "link.txt"));
    await writeAtomic(join(folder, "link.txt"), "new");
    expect(await readFile(path, "utf8")).toBe("new");
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect((await readdir(folder)).sort()).toEqual(["link.txt", "real.txt"]);
  });

  it("refuses a link to nothing, which it could not follow", async () => {
    await symlink(join(folder, "nowhere", "out.png"), join(folder, "link.png"));
    for (const act of [checkWritable, (target: string) => writeAtomic(target, "x")])
      await expect(act(join(folder, "link.png"))).rejects.toMatchObject({
        code: "not-writable",
        got: "a symbolic link to a file that does not exist",
      });
    expect(await readdir(folder)).toEqual(["link.png"]);
  });

  it("writes under a name as long as the file system allows", async () => {
    const name = `${"é".repeat(100)}${"x".repeat(51)}.png`;
    await writeAtomic(join(folder, name), "x");
    expect(await readdir(folder)).toEqual([name]);
  });

  it("lets concurrent writers to one target each win whole", async () => {
    const path = join(folder, "shared.bin");
    const contents = Array.from({ length: 20 }, (_, i) => new Uint8Array(10_000).fill(i));
    await Promise.all(contents.map((bytes) => writeAtomic(path, bytes)));
    const result = await readFile(path);
    expect(result.length).toBe(10_000);
    expect(new Set(result).size).toBe(1);
    expect(await readdir(folder)).toEqual(["shared.bin"]);
  });

  it("refuses a folder, a missing folder and a path through a file", async () => {
    await mkdir(join(folder, "sub"));
    await writeFile(join(folder, "file"), "");
    const cases: [string, RegExp][] = [
      [join(folder, "sub"), /expected a file name, got a folder/],
      [join(folder, "none", "out.png"), /expected a file in an existing folder, got no folder .*none/],
      [join(folder, "file", "out.png"), /file in an existing folder/],
    ];
    for (const [path, message] of cases) {
      for (const act of [checkWritable, (target: string) => writeAtomic(target, "x")]) {
        await expect(act(path)).rejects.toMatchObject({ name: "TweedieError", code: "not-writable" });
        await expect(act(path)).rejects.toThrow(message);
      }
    }
    expect((await readdir(folder)).sort()).toEqual(["file", "sub"]);
  });

  it.skipIf(process.getuid?.() === 0)("refuses a read-only folder and a read-only file", async () => {
    await writeFile(join(folder, "fixed.png"), "old");
    await chmod(join(folder, "fixed.png"), 0o444);
    await expect(checkWritable(join(folder, "fixed.png"))).rejects.toThrow(/no permission/);
    await chmod(folder, 0o555);
    await expect(writeAtomic(join(folder, "new.png"), "x")).rejects.toThrow(/no permission/);
    await chmod(folder, 0o755);
    expect(await readFile(join(folder, "fixed.png"), "utf8")).toBe("old");
  });

  it.skipIf(!existsSync("/proc/self"))("refuses a place where the system allows no files", async () => {
    await expect(checkWritable("/proc/out.png")).rejects.toMatchObject({ code: "not-writable" });
    await expect(writeAtomic("/proc/out.png", "x")).rejects.toMatchObject({ code: "not-writable" });
  });

  // A limit on the size of files stops a write in the middle, as a full disk does.
  it.skipIf(process.platform === "win32")(
    "leaves the old file and no rest when the room ends in the middle",
    async () => {
      const path = join(folder, "out.bin");
      await writeFile(path, "old");
      // The limit holds for a whole process, so the write happens in another, which needs the module as JavaScript.
      const built = await scratchFolder();
      const options = ["--ignoreConfig", "--outDir", built, "--module", "nodenext", "--target", "es2023"];
      const tsc = ["node_modules/typescript/bin/tsc", "src/node/files.ts", ...options];
      execFileSync(process.execPath, [
        ...tsc,
        "--rewriteRelativeImportExtensions",
        "--types",
        "node",
        "--rootDir",
        "src",
      ]);
      await writeFile(join(built, "package.json"), '{ "type": "module" }');
      await writeFile(
        join(built, "program.js"),
        `import { writeAtomic } from "./node/files.js";
      process.on("SIGXFSZ", () => {});
      const failure = await writeAtomic(${JSON.stringify(path)}, new Uint8Array(4e6)).catch((error) => error);
      process.stdout.write(JSON.stringify(failure));`,
      );
      const limited = ["-c", 'ulimit -f 1000; exec "$0" "$1"', process.execPath, join(built, "program.js")];
      const output = execFileSync("bash", limited, { encoding: "utf8" });
      expect(JSON.parse(output)).toMatchObject({ code: "disk-full", got: "a file size limit" });
      expect(await readFile(path, "utf8")).toBe("old");
      expect(await readdir(folder)).toEqual(["out.bin"]);
    },
  );

  it("removes what a killed process left of the same target, and nothing else", async () => {
    const child = runNode("console.log('started'); setInterval(() => {}, 1000);");
    await child.line;
    const left = [`.out.png.tweedie-${child.pid}-0.tmp`, `.out.png.tweedie-${process.pid}-999999.tmp`];
    const kept = [`.other.png.tweedie-${child.pid}-0.tmp`, ".out.png.tweedie-notes.tmp", "out.png.tmp"];
    for (const name of [...left, ...kept]) await writeFile(join(folder, name), "half");
    // While the process lives, its file may be in use.
    await writeAtomic(join(folder, "out.png"), "one");
    expect(await readdir(folder)).toContain(left[0]);
    child.kill();
    await child.end;
    await writeAtomic(join(folder, "out.png"), "two");
    expect((await readdir(folder)).sort()).toEqual([...kept, "out.png"].sort());
  });
});

describe("checkWritable", () => {
  it("leaves no trace, and an existing file alone", async () => {
    await checkWritable(join(folder, "new.png"));
    expect(await readdir(folder)).toEqual([]);
    await writeFile(join(folder, "old.png"), "old");
    await checkWritable(join(folder, "old.png"));
    expect(await readFile(join(folder, "old.png"), "utf8")).toBe("old");
  });
});

describe("writeError", () => {
  it.each([
    ["ENOSPC", "disk-full", "a full disk"],
    ["EDQUOT", "disk-full", "a full quota"],
    ["EROFS", "not-writable", "a read-only file system"],
    ["EACCES", "not-writable", "no permission"],
    ["ENAMETOOLONG", "not-writable", "a name that is too long"],
    ["EIO", "not-writable", "EIO: what the system said"],
  ])("says what %s means", (code, kind, got) => {
    const cause = Object.assign(new Error(`${code}: what the system said`), { code });
    expect(writeError("out.png", cause)).toMatchObject({ code: kind, got, cause });
  });
});

describe("writeTogether", () => {
  const names = ["a.png", "b.png", "a.json"];
  const files = (content: string) => names.map((name) => ({ path: join(folder, name), bytes: content }));
  const contents = async () => Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), "utf8")));

  it("replaces all files", async () => {
    await writeTogether(files("old"));
    await writeTogether(files("new"));
    expect(await contents()).toEqual(["new", "new", "new"]);
    expect((await readdir(folder)).sort()).toEqual([...names].sort());
  });

  it("leaves all as they were when one of them cannot be written", async () => {
    await writeTogether(files("old"));
    const more = [...files("new"), { path: join(folder, "none", "x"), bytes: "x" }];
    await expect(writeTogether(more)).rejects.toMatchObject({ code: "not-writable" });
    expect(await contents()).toEqual(["old", "old", "old"]);
  });

  it("never leaves a new file with an old record, whenever it is killed", async () => {
    const program = `import { writeTogether } from ${JSON.stringify(join(process.cwd(), "src/node/files.ts"))};
      const files = (n) => ${JSON.stringify(names)}.map((name) => ({ path: ${JSON.stringify(folder)} + "/" + name, bytes: String(n) }));
      await writeTogether(files(0));
      console.log("started");
      for (let n = 1; ; n++) await writeTogether(files(n));`;
    for (let round = 0; round < 8; round++) {
      const child = runNode(program, ["--import", "tsx"]);
      await child.line;
      await new Promise((done) => setTimeout(done, 5 + 7 * round));
      child.kill();
      await child.end;
      const found = await readdir(folder);
      const read = (name: string) => readFile(join(folder, name), "utf8");
      if (!found.includes("a.json")) continue;
      const [a, b, record] = await Promise.all(names.map(read));
      expect([a, b]).toEqual([record, record]);
    }
  });
});

describe("readBytes", () => {
  it.skipIf(process.platform === "win32")("refuses pipes, devices and folders at once", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    for (const path of [pipe, "/dev/zero", folder])
      await expect(readBytes(path, "picture")).rejects.toMatchObject({
        code: "unreadable-file",
        expected: "a picture",
      });
    await expect(readBytes(join(folder, "none"))).rejects.toMatchObject({ code: "missing-file" });
    await expect(readBytes(join(folder, "none"), "file", AbortSignal.abort())).rejects.toMatchObject({
      code: expect.stringMatching(/aborted|missing-file/),
    });
  });
});
