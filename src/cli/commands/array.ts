import { readNpy } from "../../node/pictures.ts";
import { type Planes, toPlanes } from "../../restore/index.ts";

/** Reads a .npy file as planes. @throws TweedieError as `readNpy` and `toPlanes` */
export async function readArray(path: string): Promise<Planes> {
  return toPlanes(await readNpy(path), path);
}
