import type { OperatorSpec } from "../operators/index.ts";
import type { Shape } from "../tensor/index.ts";

/** What one test of an operator found. */
export interface CheckResult {
  /** What was tested: "adjoint", "norm", … */
  readonly name: string;
  /** `none`: the operator has no such part. */
  readonly status: "pass" | "fail" | "none";
  /** What was measured, in words with figures. */
  readonly found: string;
  /** The figure that decides and its limit, where there is one. */
  readonly figure?: number;
  readonly limit?: number;
  /** What can be done about a failure, or made better. */
  readonly hint?: string;
}

export interface CheckReport {
  readonly operator: string;
  readonly spec?: OperatorSpec;
  readonly domain: Shape;
  readonly range: Shape;
  readonly linear: boolean;
  readonly checks: readonly CheckResult[];
  /** Did no test fail? */
  readonly passed: boolean;
}

/** A result that is decided by a figure. */
export function measured(name: string, figure: number, limit: number, found: string, hint?: string): CheckResult {
  const pass = figure <= limit; // NaN fails
  return { name, status: pass ? "pass" : "fail", found, figure, limit, ...(pass || !hint ? {} : { hint }) };
}

export const short = (v: number): string => (v === 0 ? "0" : v.toPrecision(2));
