import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import { present, readCases, type TestCase } from "./cases.ts";
import { checkEngine, checkFloat64, checkGradient, checkShapes, differentiable, importCase } from "./check.ts";
import { matches, readExclusions, type Stage } from "./exclusions.ts";

const exclusions = readExclusions();
const isExcluded = (stage: Stage, name: string) => exclusions.some((e) => e.stage === stage && matches(e, name));

/** Milliseconds for one case: seconds on a free machine, more on one that is busy. */
const patience = 300_000;

/** Runs every `parts`-th case: in both evaluators, and as a gradient test. */
export function conformance(part: number, parts: number): void {
  describe.skipIf(!present)(
    `ONNX backend cases, part ${part} of ${parts} (skipped where ../shared/data is absent)`,
    () => {
      if (!present) return;
      const cases = readCases().filter((_, i) => i % parts === part - 1);
      const passed: Record<Stage, number> = { import: 0, float64: 0, engine: 0, gradient: 0 };
      let engine: Engine;
      beforeAll(async () => {
        engine = await createEngine({ threads: 1 });
      });
      afterAll(async () => {
        await engine.dispose();
        const counts = Object.entries(passed).map(([stage, n]) => `${stage} ${n}`);
        process.stdout.write(`ONNX backend cases ${part}/${parts}: of ${cases.length} passed ${counts.join(", ")}\n`);
      });

      it.each(cases.map((c) => [c.name, c] as const))("%s", (_, c) => check(c), patience);

      async function check(c: TestCase): Promise<void> {
        if (isExcluded("import", c.name)) {
          expect(() => importCase(c)).toThrow(expect.objectContaining({ code: "unsupported-op" }));
          return;
        }
        const imported = importCase(c);
        checkShapes(imported);
        passed.import++;
        await stage("float64", c.name, () => checkFloat64(imported));
        await stage("engine", c.name, () => checkEngine(engine, imported));
        if (differentiable(imported).outputs.length > 0) await stage("gradient", c.name, () => checkGradient(imported));
      }

      /** What is excluded must fail: a stale exclusion is an error. */
      async function stage(name: Stage, caseName: string, run: () => void | Promise<void>): Promise<void> {
        if (isExcluded(name, caseName)) await expect(attempt(run), `${name} is excluded`).rejects.toThrow();
        else {
          await run();
          passed[name]++;
        }
      }
    },
  );
}

async function attempt(run: () => void | Promise<void>): Promise<void> {
  await run();
}
