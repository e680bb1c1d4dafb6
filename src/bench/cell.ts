import { createHash } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { encodeImage } from "../node/codecs/index.ts";
import { writeAtomic } from "../node/files.ts";
import { readImage } from "../node/pictures.ts";
import { fromModel, toModel } from "../pictures/index.ts";

const number = z.number();

/** What was measured of one solver on one picture of one task. JSON knows no infinity: a perfect PSNR is null. */
const cellSchema = z.object({
  key: z.string(),
  prior: z.string(),
  set: z.string(),
  task: z.string(),
  picture: z.string(),
  solver: z.string(),
  /** Why there is no result, in words. */
  failure: z.string().optional(),
  psnr: number.nullable().optional(),
  ssim: number.optional(),
  msSsim: number.optional(),
  /** With the sha256 of the backbone's weights. */
  lpips: z.object({ value: number, weights: z.string() }).optional(),
  /** ‖y − A(x)‖ / (σ_y √m); absent without noise. */
  residualRatio: number.optional(),
  /** ‖y − A(x)‖ / √m, [-1, 1] scale. */
  residualRms: number.optional(),
  forwards: number,
  vjps: number,
  // Cells of before these were counted have none.
  encodes: number.default(0),
  encodeVjps: number.default(0),
  decodes: number.default(0),
  decodeVjps: number.default(0),
  steps: number,
  /** Of the run alone: the program is compiled once for all pictures of a size. */
  seconds: number,
  /** Of the compilation that this cell shared with others. */
  compileSeconds: number,
  /** Processor time of the run, all threads together. */
  cpuSeconds: number,
  /** Processor time of its network calls when nothing but the network runs, by measurement. */
  networkSeconds: number,
  /** Largest resident memory of the process while it ran, bytes. */
  peakMemory: number,
});

export type Cell = z.output<typeof cellSchema>;

/** Everything that a cell's numbers depend on; its hash is the cell's key. */
export type CellSettings = Readonly<Record<string, unknown>>;

export function cellKey(settings: CellSettings): string {
  return createHash("sha256").update(JSON.stringify(settings)).digest("hex").slice(0, 24);
}

/**
 * Finished cells on disk: `cells/KEY.json` and, where there is one, the picture `cells/KEY.png` (16 bits). A cell that
 * was computed with other settings has another key, so that results of different settings never mix.
 */
export class CellStore {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string): Promise<CellStore> {
    const cells = join(folder, "cells");
    await mkdir(cells, { recursive: true });
    return new CellStore(cells);
  }

  /** Undefined when the cell has not been computed, or is not readable as one. */
  async read(key: string): Promise<Cell | undefined> {
    const text = await readFile(this.#path(key, "json"), "utf8").catch(() => undefined);
    if (text === undefined) return undefined;
    try {
      const parsed = cellSchema.safeParse(JSON.parse(text));
      return parsed.success && parsed.data.key === key ? parsed.data : undefined;
    } catch {
      return undefined;
    }
  }

  /** The picture comes first: a cell that can be read has it. */
  async write(cell: Cell, picture?: { data: Float32Array; width: number; height: number; channels: 1 | 3 }) {
    if (picture) {
      const image = fromModel(picture.data, picture);
      await writeAtomic(this.#path(cell.key, "png"), await encodeImage(image, { format: "png", bitDepth: 16 }));
    }
    await writeAtomic(this.#path(cell.key, "json"), `${JSON.stringify(cell)}\n`);
  }

  /** The result of a cell, [-1, 1], planar. */
  async picture(key: string): Promise<Float32Array | undefined> {
    const image = await readImage(this.#path(key, "png")).catch(() => undefined);
    return image && toModel(image);
  }

  /** Forgets a cell, so that it is computed anew. */
  async remove(key: string): Promise<void> {
    await rm(this.#path(key, "json"), { force: true });
    await rm(this.#path(key, "png"), { force: true });
  }

  #path(key: string, ending: string): string {
    return join(this.#folder, `${key}.${ending}`);
  }
}
