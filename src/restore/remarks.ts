import type { Mask } from "../pictures/index.ts";

/** A mask that marks more than this is often one that marks what is known. */
const MOST = 0.9;

/** What a user should know of the input before the result is trusted, one sentence each. */
export function inputRemarks(mask: Mask | undefined): string[] {
  const remarks: string[] = [];
  if (mask?.reading !== undefined) remarks.push(mask.reading);
  const missing = mask ? mask.missing / mask.known.length : 0;
  if (missing > MOST) remarks.push(`${(100 * missing).toFixed(1)}% of the picture is missing: is the mask inverted?`);
  return remarks;
}
