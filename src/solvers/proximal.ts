import { adjoint, type Operator } from "../operators/operator.ts";
import { solveGram } from "../operators/solve.ts";
import type { Tensor } from "../tensor/index.ts";

/**
 * argmin_x ‖y − A x‖² + ρ‖x − x0‖² of a linear operator, [N, C, H, W]: (AᵀA + ρI)⁻¹(Aᵀy + ρ x0), written as
 * x0 + Aᵀ(AAᵀ + ρI)⁻¹(y − A x0), which stays exact in float32 when ρ is tiny.
 */
export function proximal(operator: Operator, x0: Tensor, y: Tensor, rho: Tensor, cgSteps: number): Tensor {
  return x0.add(adjoint(operator, solveGram(operator, y.sub(operator.apply(x0)), rho, cgSteps)));
}
