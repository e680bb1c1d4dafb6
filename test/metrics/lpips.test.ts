import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine/index.ts";
import { lpipsHeads } from "../../src/metrics/lpips-heads.ts";
import type { Planes } from "../../src/metrics/ssim.ts";
import { createEngine } from "../../src/node/engine.ts";
import { loadLpips } from "../../src/node/lpips.ts";
import { shared } from "../helpers/shared.ts";
import { readTensors } from "../helpers/weights.ts";

interface Golden {
  net: "alex" | "vgg";
  height: number;
  width: number;
  amount: number;
  distance: number;
}

// PyTorch in float64: golden/make_lpips.py
const cases: Golden[] = JSON.parse(readFileSync(new URL("golden/lpips.json", import.meta.url), "utf8"));

/** Number, channels in and out, and kernel of each convolution. */
const layers = {
  alex: [
    [0, 3, 64, 11],
    [3, 64, 192, 5],
    [6, 192, 384, 3],
    [8, 384, 256, 3],
    [10, 256, 256, 3],
  ],
  vgg: [
    [0, 3, 64, 3],
    [2, 64, 64, 3],
    [5, 64, 128, 3],
    [7, 128, 128, 3],
    [10, 128, 256, 3],
    [12, 256, 256, 3],
    [14, 256, 256, 3],
    [17, 256, 512, 3],
    [19, 512, 512, 3],
    [21, 512, 512, 3],
    [24, 512, 512, 3],
    [26, 512, 512, 3],
    [28, 512, 512, 3],
  ],
} as const;

const wave = (k: number, phase: number) => Math.sin(12.9898 * k + 0.5 * Math.sin(78.233 * k) + phase);

function backbone(net: Golden["net"]): Map<string, { data: Float32Array; shape: number[] }> {
  const tensors = new Map<string, { data: Float32Array; shape: number[] }>();
  for (const [number, from, to, size] of layers[net]) {
    const fan = from * size * size;
    const weight = Float32Array.from({ length: to * fan }, (_, k) => (2 / Math.sqrt(fan)) * wave(k, number));
    const bias = Float32Array.from({ length: to }, (_, k) => 0.1 * wave(k, number + 0.5));
    tensors.set(`features.${number}.weight`, { data: weight, shape: [to, from, size, size] });
    tensors.set(`features.${number}.bias`, { data: bias, shape: [to] });
  }
  return tensors;
}

function safetensors(tensors: ReturnType<typeof backbone>): Buffer {
  let at = 0;
  const header: Record<string, unknown> = {};
  for (const [name, { data, shape }] of tensors) {
    header[name] = { dtype: "F32", shape, data_offsets: [at, at + data.byteLength] };
    at += data.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...[...tensors.values()].map(({ data }) => Buffer.from(data.buffer))]);
}

function picture({ height, width }: Pick<Golden, "height" | "width">, amount: number): Planes {
  const data = new Float32Array(3 * height * width);
  for (let c = 0, i = 0; c < 3; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++, i++) {
        const base = 0.6 * Math.sin(0.31 * x + 0.7 * c) * Math.cos(0.23 * y) + 0.3 * Math.sin(0.011 * x * y + c);
        data[i] = Math.min(1, Math.max(-1, base + amount * wave(i, 0)));
      }
  return { width, height, channels: 3, data };
}

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await createEngine({ threads: 2 });
  folder = await mkdtemp(join(tmpdir(), "tweedie-lpips-"));
});
afterAll(async () => {
  await engine.dispose();
  await rm(folder, { recursive: true, force: true });
});

describe.each(["alex", "vgg"] as const)("LPIPS with %s", (net) => {
  it("agrees with PyTorch, is zero for equal pictures and symmetric", { timeout: 120_000 }, async () => {
    const path = join(folder, `${net}.safetensors`);
    const bytes = safetensors(backbone(net));
    await writeFile(path, bytes);
    const lpips = await loadLpips(path, engine);
    expect(lpips).toMatchObject({ net, weights: createHash("sha256").update(bytes).digest("hex") });
    const own = cases.filter((golden) => golden.net === net);
    expect(own).toHaveLength(3);
    for (const golden of own) {
      const [a, b] = [picture(golden, 0), picture(golden, golden.amount)];
      const distance = await lpips.distance(a, b);
      expect(Math.abs(distance / golden.distance - 1)).toBeLessThan(1e-4);
      expect(await lpips.distance(b, a)).toBeCloseTo(distance, 6);
      expect(await lpips.distance(a, a)).toBe(0);
    }
    const grey = { ...picture(own[0], 0), channels: 1 };
    const [plane, other] = [grey.data as Float32Array, picture(own[0], 0.3).data as Float32Array];
    const n = grey.width * grey.height;
    const lifted = (p: Float32Array) => Float32Array.from({ length: 3 * n }, (_, i) => p[i % n]);
    const colour = await lpips.distance(
      { ...grey, channels: 3, data: lifted(plane) },
      { ...grey, channels: 3, data: lifted(other) },
    );
    const single = { ...grey, data: plane.slice(0, n) };
    expect(await lpips.distance(single, { ...single, data: other.slice(0, n) })).toBe(colour);
    await expect(lpips.distance(single, grey)).rejects.toThrow(/LPIPS: expected two complete pictures/);
    const small = picture({ width: 15, height: 40 }, 0);
    await expect(lpips.distance(small, small)).rejects.toThrow(/LPIPS: expected at least \d+x\d+ pixels, got 15x40/);
    await lpips.dispose();
  });
});

describe("loadLpips", () => {
  it("says what is missing, and puts nothing in its place", async () => {
    await expect(loadLpips(join(folder, "none.safetensors"), engine)).rejects.toThrow(/backbone weights/);
    const path = join(folder, "part.safetensors");
    const part = backbone("alex");
    part.delete("features.8.bias");
    await writeFile(path, safetensors(part));
    await expect(loadLpips(path, engine)).rejects.toThrow(/features\.8\.bias: expected shape 256, got nothing/);
    await writeFile(path, safetensors(new Map([["conv.weight", { data: new Float32Array(1), shape: [1] }]])));
    await expect(loadLpips(path, engine)).rejects.toThrow(/AlexNet or VGG16.*1 tensors without features\.0\.weight/);
  });
});

const published = shared("data/weights/lpips-v0.1/alex.safetensors");

describe("the heads", () => {
  it.skipIf(!published.present)("are the published ones, bit for bit (skipped without shared data)", async () => {
    for (const net of ["alex", "vgg"] as const) {
      const { path } = shared(`data/weights/lpips-v0.1/${net}.safetensors`);
      expect(existsSync(path)).toBe(true);
      const { tensors } = await readTensors(path);
      const parts = [0, 1, 2, 3, 4].map((i) => {
        const data = tensors.get(`lin${i}.model.1.weight`)?.data as Float32Array;
        return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      });
      expect(Buffer.from(lpipsHeads[net], "base64").equals(Buffer.concat(parts))).toBe(true);
    }
  });
});
