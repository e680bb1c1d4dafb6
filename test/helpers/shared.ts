import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A file or folder of the data that lie beside the project; tests that need it skip where it is absent. */
export interface SharedPath {
  readonly path: string;
  readonly present: boolean;
}

/** @param name relative to the folder `shared` beside the project */
export function shared(name: string): SharedPath {
  const path = fileURLToPath(new URL(`../../../shared/${name}`, import.meta.url));
  return { path, present: existsSync(path) };
}
