import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TweedieError } from "../errors.ts";

/** The folder of the models that come with the package; it lies at the same place above src/priors and dist/priors. */
const modelsFolder = fileURLToPath(new URL("../../models/", import.meta.url));

/**
 * The names of the embedded models.
 * @throws missing-file when the package came without its models
 */
export async function embeddedNames(): Promise<string[]> {
  const entries = await readdir(modelsFolder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new TweedieError("missing-file", { what: modelsFolder, expected: "the embedded models", got: "none", cause });
  });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}

/** The card file of an embedded model. */
export function embeddedCard(name: string): string {
  return join(modelsFolder, name, "card.json");
}
