import { readFileSync } from "node:fs";

/** The ways in which a case is tried; see exclusions.txt. */
export type Stage = "import" | "float64" | "engine" | "gradient";

export interface Exclusion {
  readonly stage: Stage;
  /** A case, or a pattern in which * stands for any characters. */
  readonly name: string;
  readonly reason: string;
}

export function readExclusions(): Exclusion[] {
  const text = readFileSync(new URL("./exclusions.txt", import.meta.url), "utf8");
  return text.split("\n").flatMap((line) => {
    if (line === "" || line.startsWith("#")) return [];
    const [, stage, name, reason] = line.match(/^(import|float64|engine|gradient) (\S+) (.+)$/) ?? [];
    if (!reason) throw new Error(`exclusions.txt: expected STAGE NAME REASON, got ${line}`);
    return [{ stage: stage as Stage, name, reason }];
  });
}

export function matches({ name }: Exclusion, caseName: string): boolean {
  const pattern = name.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${pattern.join(".*")}$`).test(caseName);
}
