export { adjoint, checkShape, measurementSize, type Operator, type OperatorSpec, type Svd } from "./operator.ts";
export { conjugateGradient, type LinearMap, solveByConjugateGradient, solveGram, solveNormal } from "./solve.ts";
