import { TweedieError } from "../errors.ts";
import type { Operator } from "../operators/operator.ts";
import type { Tensor } from "../tensor/index.ts";

/** A†y of an operator that a solver's needs say has one. @throws TweedieError `invalid-operator` */
export function pseudoInverse(operator: Operator, y: Tensor): Tensor {
  if (operator.pseudoInverse) return operator.pseudoInverse(y);
  const got = operator.name;
  throw new TweedieError("invalid-operator", { what: "operator", expected: "one with a pseudo-inverse", got });
}
