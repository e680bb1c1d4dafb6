import { describe, expect, it } from "vitest";
import { methodOf } from "../../src/bench/plan.ts";
import { loadPrior } from "../../src/node/models.ts";
import { createOperator } from "../../src/operators/index.ts";
import { findSolver } from "../../src/solvers/index.ts";

const operator = createOperator({ name: "super-resolution", scale: 4 }, { domain: [1, 3, 32, 32] });
const published = (solver: string) => ({ label: solver, solver, paper: true });

describe("the published settings of a solver", () => {
  it("are those for latents where the prior is one of latents", async () => {
    const daps = findSolver("daps");
    const [pixels, latents] = [daps.forTask?.("super-resolution"), daps.forTask?.("super-resolution", true)];
    expect(latents).not.toEqual(pixels);
    const [natural, latent] = [await loadPrior("natural"), await loadPrior("latent")];
    expect(methodOf(published("daps"), operator, 0.1, natural)).toMatchObject({ options: pixels });
    expect(methodOf(published("daps"), operator, 0.1, latent)).toMatchObject({ options: latents });
  });

  it("are not asked for where the solver cannot work", async () => {
    const [natural, latent] = [await loadPrior("natural"), await loadPrior("latent")];
    expect(methodOf(published("psld"), operator, 0.1, natural)).toMatchObject({ kind: "none" });
    expect(methodOf(published("ddrm"), operator, 0.1, latent)).toMatchObject({ kind: "none" });
    expect(methodOf(published("vml-map"), operator, 0.1, latent)).toMatchObject({ kind: "solver" });
  });
});
