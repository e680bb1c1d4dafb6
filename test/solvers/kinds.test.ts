import { afterAll, expect, it } from "vitest";
import { createEngine } from "../../src/node/engine.ts";
import { createOperator } from "../../src/operators/index.ts";
import { isotropicPrior } from "../../src/priors/index.ts";
import { normals } from "../../src/random/index.ts";
import { formulate } from "../../src/solvers/formulate.ts";
import { findSolver, parseOptions } from "../../src/solvers/index.ts";
import { compileKinds, outputsOf } from "../../src/solvers/kinds.ts";

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.dispose());

it.each(["vml-map", "daps", "mapga", "pnp-flow"])(
  "%s is the same whether its kinds share a program or not",
  async (name) => {
    const operator = createOperator({ name: "super-resolution", scale: 2 }, { domain: [1, 3, 8, 8] });
    const solver = findSolver(name);
    const options = parseOptions(solver, { steps: 3 });
    const { denoise } = isotropicPrior(0, 0.1);
    const graphs = formulate({ solver, options, operator, denoise, sigmaY: 0.1, samples: 1 });
    expect(graphs.kinds.length).toBeGreaterThan(1);
    const [apart, together] = [
      await compileKinds(graphs, engine, undefined, Number.POSITIVE_INFINITY),
      await compileKinds(graphs, engine, undefined, -1),
    ];
    for (const kind of graphs.kinds) {
      const outputs = outputsOf(kind, graphs.stateNames);
      const results = [apart, together].map(async (programs) => {
        const program = programs.of(kind);
        const feeds = Object.entries(graphs.steps.inputs)
          .filter(([input]) => program.takes(input))
          .map(([input, { size }]) => [
            input,
            normals({ seed: 1, purpose: input }, size).map((v) => 0.3 + Math.abs(v)),
          ]);
        return { ...(await program.run(Object.fromEntries(feeds), { outputs })), counts: program.rowsOf(outputs) };
      });
      const [one, other] = await Promise.all(results);
      expect(one).toEqual(other);
    }
    expect(together.of(graphs.kinds[0])).toBe(together.of(graphs.kinds[1]));
    expect(apart.of(graphs.kinds[0])).not.toBe(apart.of(graphs.kinds[1]));
    await Promise.all([apart.dispose(), together.dispose()]);
  },
);
