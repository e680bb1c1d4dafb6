import { TweedieError } from "../errors.ts";

/** Starts work unless a signal has fired; rejects with `aborted` as soon as one does, whatever the work does then. */
export async function abortable<T>(
  start: () => Promise<T>,
  what: string,
  ...signals: readonly (AbortSignal | undefined)[]
): Promise<T> {
  const present = signals.filter((s) => s !== undefined);
  const error = () => new TweedieError("aborted", { message: `${what} was aborted` });
  if (present.some((s) => s.aborted)) throw error();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(error());
  });
  for (const s of present) s.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([start(), aborted]);
  } finally {
    for (const s of present) s.removeEventListener("abort", stop);
  }
}
