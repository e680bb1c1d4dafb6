import { isReal } from "../../tensor/dtype.ts";
import { constant, type DType, type Tensor, where } from "../../tensor/index.ts";

/**
 * The type in which whole numbers are computed: engines have few operators for the narrow ones. Results are cast back,
 * which wraps them as the narrow type would.
 */
export function computeType(dtype: DType): DType {
  if (dtype === "int8" || dtype === "uint8" || dtype === "int16" || dtype === "uint16") return "int32";
  return dtype === "uint32" || dtype === "uint64" ? "int64" : dtype;
}

/** Computes `f` on whole numbers of a wide type, and on other types as they are. */
export function widened(inputs: readonly Tensor[], f: (...wide: Tensor[]) => Tensor): Tensor {
  const { dtype } = inputs[0];
  const wide = computeType(dtype);
  const result = f(...inputs.map((x) => (x.dtype === dtype ? x.cast(wide) : x)));
  return result.dtype === wide ? result.cast(dtype) : result;
}

/** Rounds towards zero. */
export function truncate(x: Tensor): Tensor {
  return isReal(x.dtype) ? where(x.less(0), x.ceil(), x.floor()) : x;
}

/** A constant of x's type. */
export function like(value: number, x: Tensor): Tensor {
  return constant(value, [], x.dtype);
}
