import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listPriors, loadPrior } from "../../src/node/models.ts";

const tiny = new URL("../priors/golden/tiny-prior/", import.meta.url).pathname;
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tweedie-models-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("lists the embedded models with their cards", async () => {
  const list = await listPriors();
  expect(list.map((p) => p.name)).toContain("natural");
  for (const { name, card } of list) {
    expect(card.name).toBe(name);
    expect(card.licence).not.toBe("");
    expect(card.data?.length).toBeGreaterThan(0);
    expect(card.weights?.sha256).toMatch(/^[0-9a-f]{64}$/);
  }
});

describe("loadPrior", () => {
  test("takes a name, a folder, a card", async () => {
    expect((await loadPrior("natural")).name).toBe("natural");
    expect((await loadPrior(tiny)).name).toBe("tiny-prior");
    expect((await loadPrior(join(tiny, "card.json"))).hash).toBe((await loadPrior(tiny)).hash);
  });

  test("of nothing there names the embedded models", async () => {
    await expect(loadPrior("nature")).rejects.toMatchObject({
      code: "missing-file",
      message: expect.stringMatching(/model nature: expected latent or natural.*found no such file/),
    });
  });

  test("of a folder without a card, a card without weights", async () => {
    await expect(loadPrior(folder)).rejects.toMatchObject({ code: "missing-file" });
    const alone = join(folder, "alone");
    await mkdir(alone);
    await copyFile(join(tiny, "card.json"), join(alone, "card.json"));
    await expect(loadPrior(alone)).rejects.toMatchObject({
      code: "missing-file",
      message: expect.stringContaining("weights.safetensors"),
    });
  });

  test("of damaged weights", async () => {
    const damaged = join(folder, "damaged");
    await mkdir(damaged);
    await copyFile(join(tiny, "card.json"), join(damaged, "card.json"));
    await writeFile(join(damaged, "weights.safetensors"), "nonsense");
    await expect(loadPrior(damaged)).rejects.toMatchObject({ code: "invalid-model" });
  });

  test("of a link that leads out of the model's folder", async () => {
    const linked = join(folder, "linked");
    await mkdir(linked);
    await copyFile(join(tiny, "card.json"), join(linked, "card.json"));
    await symlink(join(tiny, "weights.safetensors"), join(linked, "weights.safetensors"));
    await expect(loadPrior(linked)).rejects.toMatchObject({
      code: "invalid-model",
      expected: expect.stringContaining("a file in the folder"),
    });
    await rm(join(linked, "weights.safetensors"));
    await copyFile(join(tiny, "weights.safetensors"), join(linked, "own"));
    await symlink("own", join(linked, "weights.safetensors"));
    expect((await loadPrior(linked)).name).toBe("tiny-prior");
  });

  test("names the family that solver settings were tuned for", async () => {
    const families = await Promise.all(["natural", "natural-small", "latent", tiny].map((name) => loadPrior(name)));
    expect(families.map((prior) => prior.settings)).toEqual(["natural", "natural", "latent", undefined]);
  });

  test("stops when told to", async () => {
    await expect(loadPrior(tiny, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "aborted" });
  });
});
