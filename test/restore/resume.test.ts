import { afterAll, describe, expect, it } from "vitest";
import { createEngine } from "../../src/node/engine.ts";
import { createImage, createMask } from "../../src/pictures/index.ts";
import { isotropicPrior } from "../../src/priors/index.ts";
import { normals } from "../../src/random/index.ts";
import {
  decodeSnapshot,
  encodeSnapshot,
  type Restoration,
  type RestoreRequest,
  type RestoreSnapshot,
  restoreSteps,
} from "../../src/restore/index.ts";

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.dispose());

const [width, height] = [250, 30];
const data = normals({ seed: 1, purpose: "image" }, 3 * width * height).map((v) =>
  Math.min(1, Math.max(0, 0.5 + 0.125 * v)),
);
const image = createImage(width, height, 3, data);
const missing = Uint8Array.from({ length: width * height }, (_, i) => (i % 7 === 0 ? 1 : 0));
const mask = createMask(
  width,
  height,
  missing.map((m) => 1 - m),
);

const request: RestoreRequest = {
  image,
  task: { name: "inpaint", mask },
  noise: 0.05,
  prior: { ...isotropicPrior(0, 0.0625), settings: "natural" as const },
  engine,
  solver: "ddnm",
  options: { steps: 3 },
  seed: 5,
  samples: 2,
  tileSize: 48,
};

/** Walks to the end; after step `leave` takes a snapshot and stops looking. */
async function walk(from?: RestoreSnapshot, leave = Number.POSITIVE_INFINITY) {
  const steps = restoreSteps(request, from);
  for (let k = 1; ; k++) {
    const next = await steps.next();
    if (next.done) return { result: next.value, count: k - 1 };
    if (k < leave) continue;
    const snapshot = await next.value.snapshot();
    await steps.return(undefined as unknown as Restoration);
    return { snapshot };
  }
}

describe("a snapshot", () => {
  it("goes on to the same bytes from every step, in another process too", async () => {
    const whole = await walk();
    const { tiles, steps } = (whole.result as Restoration).run;
    expect(tiles).toBeGreaterThan(1);
    expect(whole.count).toBe(steps);
    for (let leave = 1; leave <= steps; leave += 4) {
      const { snapshot } = await walk(undefined, leave);
      const { result } = await walk(decodeSnapshot(Buffer.from(encodeSnapshot(snapshot as RestoreSnapshot))));
      const { seconds: _, compileSeconds: _c, ...run } = (result as Restoration).run;
      expect((result as Restoration).images).toEqual(whole.result?.images);
      expect(run).toEqual({ ...run, ...pick(whole.result as Restoration) });
    }
  });

  it("is refused by another request, and by other bytes", async () => {
    const { snapshot } = await walk(undefined, 2);
    for (const other of [{ seed: 6 }, { noise: 0.1 }, { options: { steps: 4 } }, { samples: 3 }, { image: darker() }]) {
      const steps = restoreSteps({ ...request, ...other }, snapshot);
      await expect(steps.next()).rejects.toMatchObject({ code: "invalid-option" });
    }
    const deblur = (std: number): RestoreRequest => ({
      ...request,
      task: { name: "deblur", kernel: { type: "gaussian", std } },
      solver: "dps",
    });
    const blurred = await restoreSteps(deblur(1)).next();
    if (blurred.done) throw new Error("no step");
    const other = restoreSteps(deblur(2), await blurred.value.snapshot());
    await expect(other.next()).rejects.toMatchObject({ code: "invalid-option" });
    const bytes = encodeSnapshot(snapshot as RestoreSnapshot);
    for (const broken of [bytes.subarray(0, bytes.length - 4), bytes.subarray(1), new Uint8Array(), Uint8Array.of(10)])
      expect(() => decodeSnapshot(broken)).toThrow(expect.objectContaining({ code: "unreadable-file" }));
  });

  it("shows the image as it stands", async () => {
    const steps = restoreSteps(request);
    const first = await steps.next();
    if (first.done) throw new Error("no step");
    const preview = await first.value.preview();
    expect([preview.width, preview.height, preview.channels]).toEqual([width, height, 3]);
    // The right side has not been touched yet; there the image is as it came, its holes mid grey.
    const at = width - 1;
    expect(preview.data[at]).toBeCloseTo(missing[at] ? 0.5 : data[at], 5);
    await steps.return(undefined as unknown as Restoration);
  });
});

const pick = ({ run: { counts, steps, residual, expectedResidual } }: Restoration) => ({
  counts,
  steps,
  residual,
  expectedResidual,
});

const darker = () =>
  createImage(
    width,
    height,
    3,
    data.map((v) => v / 2),
  );
