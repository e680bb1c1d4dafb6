import { maskBits } from "../operators/index.ts";
import type { Planes } from "./planes.ts";
import type { TaskInput } from "./task.ts";

const scans = ["mri", "mri-complex"];
/** Options that say which entries were measured. */
const says = ["mask", "pattern", "acceleration", "centre", "seed"];

/** A task of MRI that does not say what was measured: the entries of k-space that are not zero. Other tasks as they are. */
export function withMeasuredEntries(task: TaskInput, { shape: [planes, height, width], data }: Planes): TaskInput {
  if (task.name !== "operator" || !scans.includes(task.operator.name)) return task;
  if (says.some((option) => task.operator[option] !== undefined)) return task;
  const n = height * width;
  const measured = new Uint8Array(n);
  for (let p = 0; p < planes; p++) for (let i = 0; i < n; i++) if (data[p * n + i] !== 0) measured[i] = 1;
  const mask = maskBits(measured, height, width);
  return { name: "operator", operator: { ...task.operator, mask: (mask as { known: string }).known } };
}
