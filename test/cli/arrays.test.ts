import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeNpy, encodeNpy } from "../../src/pictures/index.ts";
import { shared } from "../helpers/shared.ts";
import { expectOneLine, photo, save, scratch, tweedie } from "./helpers.ts";

const cases = shared("cases");
const file = (name: string) => join(cases.path, name);
const fast = ["--noise", "0", "--preset", "fast", "--threads", "1", "--reference", file("ph64.png")];

/** PSNR against ph64.png that the record of a run tells. */
async function restored(...argv: string[]): Promise<{ psnr: number; out: string; folder: string }> {
  const folder = await scratch();
  const { code, err, out } = await tweedie("restore", ...argv, ...fast, "-o", join(folder, "out.png"));
  expect(code, err).toBe(0);
  const { run } = JSON.parse(await readFile(join(folder, "out.json"), "utf8"));
  return { psnr: run.metrics.psnr ?? Number.POSITIVE_INFINITY, out, folder };
}

describe.skipIf(!cases.present)("arrays as people have them", () => {
  it.each([
    ["u8.npy", []],
    ["u255.npy", ["--range", "0..255"]],
    ["u01.npy", ["--range", "0..1"]],
  ])("%s is the picture that it was", async (name, range) => {
    // Without noise a picture is given back as it is: all that can go wrong is its range.
    const { psnr, out } = await restored(file(name), "--task", "denoise", ...range);
    expect(psnr).toBeGreaterThan(name === "u8.npy" ? 50 : 58);
    if (name === "u8.npy") expect(out).toMatch(/note +numbers of type u1 are taken for 0 \(black\) to 255 \(white\)/);
  });

  it.each([
    ["u255.npy", "denoise", /the range of the picture, for none of its values is below 0/],
    ["u01.npy", "denoise", /the range of the picture, for none of its values is below 0/],
    ["f64_hwc.npy", "denoise", /channels come first, \[3, 64, 64\], got \[64, 64, 3\]/],
    ["sino_user.npy", "ct", /a scan without a value below 0/],
  ])("%s alone is refused in words", async (name, task, message) => {
    const folder = await scratch();
    const size = task === "ct" ? ["--size", "64x64"] : [];
    const ended = await tweedie("restore", file(name), "--task", task, ...size, "-o", join(folder, "o.png"));
    expectOneLine(ended, message);
    expect(ended.code).not.toBe(0);
  });

  it("sino_user.npy is restored from a scan in 0..1", async () => {
    const scan = ["--task", "ct", "--param", "angles=30", "unit=pixel", "--size", "64x64", "--range", "0..1"];
    expect((await restored(file("sino_user.npy"), ...scan)).psnr).toBeGreaterThan(38);
  });

  it.each([
    ["a mask file", ["--param", `mask=${file("mri_mask.png")}`]],
    ["the zeros of k-space", []],
  ])("k_c64.npy is restored with %s", async (_, mask) => {
    const { psnr, folder } = await restored(file("k_c64.npy"), "--task", "mri", ...mask, "--range", "0..1");
    expect(psnr).toBeGreaterThan(32.3);
    const replay = await tweedie("replay", join(folder, "out.json"), "-o", join(folder, "again.png"));
    expect(replay.code, replay.err).toBe(0);
    expect(replay.out).toContain("the same as recorded");
  });
});

describe("--range and file forms", () => {
  it("goes with arrays alone", async () => {
    const folder = await scratch();
    const image = await save(join(folder, "in.png"), await photo());
    const ended = await tweedie("restore", image, "--task", "denoise", "--range", "0..1", "-o", join(folder, "o.png"));
    expectOneLine(ended, /--range: expected no --range with a picture file/);
    const wrong = await tweedie("restore", image, "--task", "denoise", "--range", "1..1", "-o", join(folder, "o.png"));
    expectOneLine(wrong, /--range: expected BLACK\.\.WHITE, such as 0\.\.1 or 0\.\.255, uint8 or uint16, got 1\.\.1/);
  });

  it("degrade reads arrays of another range, and masks from .npy mean what pictures mean", async () => {
    const folder = await scratch();
    const at = (name: string) => join(folder, name);
    const clean = await photo(16, 16);
    await writeFile(at("u1.npy"), encodeNpy({ shape: [3, 16, 16], data: clean.data.map((v) => 255 * v) }));
    await save(at("p.png"), clean);
    const known = Float32Array.from({ length: 256 }, (_, i) => (i % 3 === 0 ? 1 : 0));
    await writeFile(at("m.npy"), encodeNpy({ shape: [16, 16], data: known }));
    const scan = ["--task", "mri", "--threads", "1", "--mask", at("m.npy")];
    const [a, b] = [
      await tweedie("degrade", at("u1.npy"), ...scan, "--range", "0..255", "-o", at("a.npy")),
      await tweedie("degrade", at("p.png"), ...scan, "-o", at("b.npy")),
    ];
    expect([a.code, b.code], a.err + b.err).toEqual([0, 0]);
    const [x, y] = [decodeNpy(await readFile(at("a.npy"))), decodeNpy(await readFile(at("b.npy")))];
    expect(Math.max(...x.data.map((v, i) => Math.abs(v - y.data[i])))).toBeLessThan(1e-5);
    expect(y.data.every((v, i) => known[i % 256] === 1 || v === 0)).toBe(true);
  });

  it("coil maps come from complex numbers", async () => {
    const folder = await scratch();
    const at = (name: string) => join(folder, name);
    await save(at("p.png"), await photo(16, 16));
    await writeFile(
      at("maps.npy"),
      complexNpy([2, 16, 16], (i) => [i < 256 ? 1 : 0.5, i < 256 ? 0 : 0.5]),
    );
    const scan = ["--task", "mri", "--param", `maps=${at("maps.npy")}`, "acceleration=2", "--threads", "1"];
    const { code, err } = await tweedie("degrade", at("p.png"), ...scan, "-o", at("y.npy"));
    expect(code, err).toBe(0);
    expect(decodeNpy(await readFile(at("y.npy"))).shape).toEqual([12, 16, 16]);
    const wrong = ["--task", "mri", "--maps", at("y.npy"), "-o", at("z.npy")];
    expectOneLine(await tweedie("degrade", at("p.png"), ...wrong), /expected complex numbers \[coils, height, width\]/);
  });
});

/** A .npy file of complex numbers, which `encodeNpy` does not write. */
function complexNpy(shape: number[], value: (i: number) => [number, number]): Uint8Array {
  const n = shape.reduce((a, b) => a * b, 1);
  const plain = encodeNpy({
    shape: [...shape, 2],
    data: Float32Array.from({ length: 2 * n }, (_, k) => value(k >> 1)[k & 1]),
  });
  const header = Buffer.from(plain.subarray(0, 128)).toString("latin1");
  const changed = header.replace("<f4", "<c8").replace(`${shape.join(", ")}, 2`, `${shape.join(", ")}   `);
  return Buffer.concat([Buffer.from(changed, "latin1"), plain.subarray(128)]);
}
