import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { photo, save, scratch, tweedie } from "./helpers.ts";

interface Case {
  readonly task: string;
  readonly params?: readonly string[];
  readonly shape: readonly number[];
  /** PSNR that the restored picture reaches at least. */
  readonly psnr: number;
}

const cases: Case[] = [
  { task: "ct", params: ["angles=12"], shape: [3, 34, 12], psnr: 21 },
  { task: "ct", params: ["angles=12", "unit=pixel", "circle=true"], shape: [3, 24, 12], psnr: 16 },
  { task: "mri", params: ["acceleration=2"], shape: [6, 24, 24], psnr: 20 },
  { task: "mri", params: ["acceleration=3", "coils=3", "pattern=gaussian-2d"], shape: [18, 24, 24], psnr: 20 },
  { task: "mri-complex", params: ["pattern=poisson", "acceleration=2"], shape: [2, 24, 24], psnr: 15 },
  { task: "phase-retrieval", params: ["values=unit"], shape: [3, 36, 36], psnr: 5 },
];

describe("instruments", () => {
  it.each(cases)(
    "$task $params: degrade writes numbers, restore reads them",
    async ({ task, params = [], shape, psnr }) => {
      const folder = await scratch();
      const picture = await save(join(folder, "in.png"), await photo(24, 24));
      const [y, out] = [join(folder, "y.npy"), join(folder, "out.png")];
      const common = ["--task", task, ...params.flatMap((p) => ["--param", p]), "--threads", "1", "--noise", "0.002"];
      const damaged = await tweedie("degrade", picture, ...common, "-o", y);
      expect(damaged.out).toContain(`numbers [${shape.join(", ")}]`);
      const args = ["--preset", "fast", "--reference", picture, "-o", out];
      const { code, err } = await tweedie("restore", y, ...common, ...args);
      expect(err.replaceAll(/^restoring:.*\n/gm, "")).toBe("");
      expect(code).toBe(0);
      const record = JSON.parse(await readFile(join(folder, "out.json"), "utf8"));
      expect(record.run.metrics.psnr).toBeGreaterThan(psnr);
    },
  );

  it("a measurement that does not tell the picture's size asks for it", async () => {
    const folder = await scratch();
    const picture = await save(join(folder, "in.png"), await photo(24, 16));
    const y = join(folder, "y.npy");
    const common = ["--task", "ct", "--param", "angles=4", "--threads", "1"];
    await tweedie("degrade", picture, ...common, "-o", y);
    // The scan of a square of 24×24 looks the same; the size says that it is not.
    const sized = ["--size", "24x16", "--preset", "fast", "--steps", "2", "-o", join(folder, "out.png")];
    const { out, code } = await tweedie("restore", y, ...common, ...sized);
    expect(out).toMatch(/out\.png \(24x16\)/);
    expect(code).toBe(0);
  });

  it("the non-linear blur takes and gives pictures", async () => {
    const folder = await scratch();
    const picture = await save(join(folder, "in.png"), await photo(24, 24));
    const [blurred, out] = [join(folder, "y.png"), join(folder, "out.png")];
    const common = ["--task", "nonlinear-blur", "--threads", "1"];
    expect((await tweedie("degrade", picture, ...common, "-o", blurred)).out).toMatch(/y\.png \(24x24\)/);
    const args = ["--preset", "fast", "--steps", "30", "--noise", "0.005", "-o", out];
    expect((await tweedie("restore", blurred, ...common, ...args)).code).toBe(0);
  });
});
