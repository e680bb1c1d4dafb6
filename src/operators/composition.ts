import { TweedieError } from "../errors.ts";
import type { Tensor } from "../tensor/index.ts";
import { sameShape, show } from "../tensor/ops/index.ts";
import { product } from "./dense.ts";
import type { Operator } from "./operator.ts";
import { isSeparable, separable } from "./separable.ts";

/**
 * Operators one after the other, `steps[0]` first: `[blur, superResolution]` blurs, then reduces. Neighbours that act
 * along the axes merge into one, which keeps their SVD. A single step is returned as it is.
 * @throws invalid-operator when a step does not take what the one before it gives
 */
export function composition(steps: readonly Operator[]): Operator {
  if (steps.length === 0)
    throw new TweedieError("invalid-operator", { what: "composition", expected: "at least one step", got: "none" });
  return steps.reduce((inner, outer) => after(outer, inner));
}

/** The specs of an operator's steps, those of a composition laid side by side. */
function stepsOf(operator: Operator): unknown[] {
  const spec = operator.toJSON();
  return spec.name === "composition" ? (spec.steps as unknown[]) : [spec];
}

function after(outer: Operator, inner: Operator): Operator {
  if (!sameShape(inner.range, outer.domain))
    throw new TweedieError("invalid-operator", {
      what: `composition: ${outer.name} after ${inner.name}`,
      expected: `pictures of shape ${show(outer.domain)}`,
      got: show(inner.range),
    });
  const estimate =
    outer.estimate && inner.estimate
      ? (y: ArrayLike<number>, sigma: number) =>
          inner.estimate?.(outer.estimate?.(y, sigma) ?? y, sigma) ?? new Float64Array()
      : undefined;
  const spec = { name: "composition", steps: [...stepsOf(inner), ...stepsOf(outer)] };
  if (isSeparable(outer) && isSeparable(inner))
    return separable({
      name: "composition",
      channels: inner.domain[1],
      rows: { matrix: product(outer.axes.rows.matrix, inner.axes.rows.matrix) },
      columns: { matrix: product(outer.axes.columns.matrix, inner.axes.columns.matrix) },
      cutoff: Math.max(outer.cutoff, inner.cutoff),
      spec,
      estimate,
    });
  const invertible = outer.pseudoInverse && inner.pseudoInverse;
  return {
    name: "composition",
    domain: inner.domain,
    range: outer.range,
    linear: outer.linear && inner.linear,
    get normSquared() {
      return outer.normSquared * inner.normSquared;
    },
    observed: outer.observed,
    apply: (x) => outer.apply(inner.apply(x)),
    // (AB)† is B†A† only in special cases: a start, not an inverse.
    pseudoInverse: invertible && ((y: Tensor) => inner.pseudoInverse?.(outer.pseudoInverse?.(y) ?? y) ?? y),
    exactPseudoInverse: false,
    estimate,
    toJSON: () => spec,
  };
}
