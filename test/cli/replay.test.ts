import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Manifest } from "../../src/cli/manifest.ts";
import { photo, save, scratch, tweedie } from "./helpers.ts";

// A record may come from anyone: see docs/threat-model.md.

const quick = ["--task", "denoise", "--noise", "0.1", "--threads", "1"];

/** A run in a folder of its own, whose record someone changes. */
async function tampered(change: (manifest: Manifest, folder: string) => unknown) {
  const outer = await scratch();
  const folder = join(outer, "inside");
  await mkdir(folder);
  const image = await save(join(folder, "in.png"), await photo(16, 16));
  const [output, record] = [join(folder, "out.png"), join(folder, "out.json")];
  expect((await tweedie("restore", image, ...quick, "-o", output)).code).toBe(0);
  const manifest: Manifest = JSON.parse(await readFile(record, "utf8"));
  await change(manifest, folder);
  await writeFile(record, JSON.stringify(manifest));
  return { outer, folder, output, record };
}

describe("replay of a record that came from elsewhere", () => {
  it.each(["/elsewhere/dropped.png", "../dropped.png", "../inside-too/dropped.png"])(
    "writes nothing to %s",
    async (place) => {
      const { outer, output, record } = await tampered((manifest) => {
        manifest.arguments.output = place;
        manifest.outputs = [{ ...manifest.outputs[0], path: place }];
      });
      await mkdir(join(outer, "inside-too"));
      await rm(output);
      const { code, err } = await tweedie("replay", record);
      expect(err).toMatch(/expected a result in the folder of its record.*got a place outside\n {2}hint: say with -o/);
      expect(code).toBe(1);
      expect((await readdir(outer)).sort()).toEqual(["inside", "inside-too"]);
      const own = join(outer, "mine.png");
      expect((await tweedie("replay", record, "-o", own)).code).toBe(0);
      expect(existsSync(own)).toBe(true);
    },
  );

  it("does not follow links out of its folder", async () => {
    const { outer, folder, record } = await tampered((manifest) => {
      manifest.arguments.output = "link/out.png";
      manifest.outputs = [{ ...manifest.outputs[0], path: "link/out.png" }];
    });
    await mkdir(join(outer, "target"));
    await symlink(join(outer, "target"), join(folder, "link"));
    expect((await tweedie("replay", record)).err).toMatch(/got a place outside/);
    expect(await readdir(join(outer, "target"))).toEqual([]);
  });

  it("reads no file whose hash it does not hold, and tells nothing of one that has another", async () => {
    const without = await tampered((manifest) => {
      manifest.inputs = {};
    });
    const { code, err } = await tweedie("replay", without.record);
    expect(code).toBe(2);
    expect(err).toMatch(/image: expected a record with the sha256 of every file that it names, got none of .*in\.png/);
    const other = await tampered(async (manifest, folder) => {
      await writeFile(join(folder, "secret.txt"), "secret");
      manifest.arguments.image = "secret.txt";
    });
    const secret = execFileSync("sha256sum", [join(other.folder, "secret.txt")], { encoding: "utf8" });
    const refused = await tweedie("replay", other.record, "--json");
    expect(refused.err).toMatch(/secret\.txt: expected the recorded file .*, got another one/);
    expect(refused.out + refused.err).not.toContain(secret.slice(0, 6));
  });

  it("needs the hash of its model", async () => {
    const { record } = await tampered((manifest) => {
      delete (manifest.run.model as { sha256?: string }).sha256;
    });
    expect((await tweedie("replay", record)).err).toMatch(/model: expected a record with the sha256 of every file/);
  });

  it("runs no module unless it is allowed and the recorded one", async () => {
    for (const key of ["operatorModule", "operator"]) {
      const { folder, record } = await tampered(async (manifest, place) => {
        const source = `import { writeFileSync } from "node:fs";
          writeFileSync(${JSON.stringify(join(place, "ran"))}, "");`;
        await writeFile(join(place, "op.mjs"), source);
        const [sha256] = execFileSync("sha256sum", [join(place, "op.mjs")], { encoding: "utf8" }).split(" ");
        manifest.arguments[key] = "op.mjs";
        manifest.inputs[key] = { path: "op.mjs", sha256 };
      });
      const ran = join(folder, "ran");
      const asked = await tweedie("replay", record);
      expect(asked.err).toMatch(/op\.mjs: expected --allow-operator-module/);
      expect([asked.code, existsSync(ran)]).toEqual([2, false]);
      await rename(join(folder, "op.mjs"), join(folder, "first.mjs"));
      await writeFile(join(folder, "op.mjs"), `${await readFile(join(folder, "first.mjs"), "utf8")}// changed`);
      const changed = await tweedie("replay", record, "--allow-operator-module");
      expect(changed.err).toMatch(/op\.mjs: expected the recorded file/);
      expect(existsSync(ran)).toBe(false);
    }
  });
});
