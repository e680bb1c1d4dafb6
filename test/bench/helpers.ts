import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll } from "vitest";
import { encodeImage } from "../../src/node/codecs/index.ts";
import { writeAtomic } from "../../src/node/files.ts";
import { createImage } from "../../src/pictures/index.ts";

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** A fresh folder, removed when the tests of the file are done. */
export async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tweedie-bench-test-"));
  folders.push(folder);
  return folder;
}

/** The card of a prior with random weights: small, and as good as none. */
export const tinyPrior = resolve(import.meta.dirname, "../priors/golden/tiny-prior/card.json");

/** Writes smooth colour pictures a.png, b.png, … into a folder. */
export async function writePictures(folder: string, sizes: readonly (readonly [number, number])[]): Promise<void> {
  for (const [k, [width, height]] of sizes.entries()) {
    const data = Float32Array.from({ length: 3 * width * height }, (_, i) => {
      const [x, y, c] = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))];
      return 0.5 + 0.3 * Math.sin(0.3 * x + k + c) * Math.cos(0.2 * y);
    });
    const bytes = await encodeImage(createImage(width, height, 3, data), { format: "png" });
    await writeAtomic(join(folder, `${String.fromCharCode(97 + k)}.png`), bytes);
  }
}

/** A bench file's content: two tasks, a classical estimate and two short solvers. */
export const trial = {
  name: "Trial",
  priors: [{ name: "tiny", model: tinyPrior }],
  images: [{ name: "set", folder: "." }],
  tasks: [
    {
      name: "box",
      operator: { name: "inpaint", mask: { type: "box", top: "1/4 h", left: "1/4 w", height: 4, width: 4 } },
    },
    { name: "twice", operator: { name: "super-resolution", scale: 2 }, noise: "12.75/255" },
  ],
  solvers: [
    "classical",
    { solver: "red-diff", options: { steps: 3 } },
    { solver: "dps", label: "dps short", options: { steps: 2, sigmaMax: 1 } },
    { solver: "posterior-mean" },
  ],
  strips: 1,
};
