import type { Engine } from "../engine/index.ts";
import { createLpips, type Lpips } from "../metrics/lpips.ts";
import { openSafetensors } from "../weights/index.ts";
import { fileSource, sha256Of } from "./byte-source.ts";

/**
 * LPIPS with the backbone weights of a safetensors file that has torchvision's names (`features.0.weight`, …).
 * @throws {TweedieError} missing-file, unreadable-file; invalid-model: a file without these weights
 */
export async function loadLpips(path: string, engine: Engine): Promise<Lpips> {
  const file = await fileSource(path, "file of backbone weights (safetensors)");
  try {
    return await createLpips(await openSafetensors(file), engine, await sha256Of(file));
  } finally {
    await file.close();
  }
}
