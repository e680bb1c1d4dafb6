import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the models that come with the package; it lies at the same place above src/priors and dist/priors. */
const modelsFolder = fileURLToPath(new URL("../../models/", import.meta.url));

/** The names of the embedded models. */
export async function embeddedNames(): Promise<string[]> {
  const entries = await readdir(modelsFolder, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}

/** The card file of an embedded model. */
export function embeddedCard(name: string): string {
  return join(modelsFolder, name, "card.json");
}
