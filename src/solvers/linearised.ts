import type { Operator } from "../operators/operator.ts";
import { jvp, type Tensor } from "../tensor/index.ts";
import type { Formula, Solver } from "./solver.ts";

/**
 * A solver for linear operators as one for any differentiable A: each step sees the problem to first order around the
 * posterior mean D = D(x, σ),
 *
 *   A(z) ≈ A(D) + J (z − D),  J = ∂A/∂z at D
 *
 * so that its residual at D is the true one, y − A(D), and Hᵀ is one VJP. For VML-MAP with A ∘ decode this is the paper's form for
 * latent diffusion (arXiv 2512.10524), J_decᵀ Hᵀ (y − H decode(D)). Where A is linear nothing changes.
 * The solver's state must hold the noisy latent as `x`, at the scalar `sigma`.
 */
export function linearised<O>(solver: Solver<O>): Solver<O> {
  const around =
    (formula: Formula): Formula =>
    (state, scope) => {
      const d = scope.denoise(state.x, scope.scalar("sigma"));
      return formula(state, { ...scope, ...linearisation(scope.operator, d) });
    };
  return {
    ...solver,
    needs: { ...solver.needs, linear: false },
    steps: (options) =>
      Object.fromEntries(Object.entries(solver.steps(options)).map(([kind, formula]) => [kind, around(formula)])),
  };
}

/** J as an operator, and the affine A(D) + J(z − D) as the measurement map. */
function linearisation(operator: Operator, at: Tensor): { operator: Operator; A: (z: Tensor) => Tensor } {
  const value = operator.apply(at);
  const J = (z: Tensor) => jvp([value], [at], [z])[0];
  return {
    operator: {
      name: operator.name,
      domain: operator.domain,
      range: operator.range,
      linear: true,
      normSquared: operator.normSquared,
      observed: operator.observed,
      apply: J,
      toJSON: () => operator.toJSON(),
    },
    A: (z) => (z === at ? value : value.add(J(z.sub(at)))),
  };
}
