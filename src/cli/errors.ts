import { TweedieError } from "../errors.ts";

/** 0: done; 1: it failed or was stopped; 2: the command line was wrong. */
export type ExitCode = 0 | 1 | 2;

/** A mistake in the command line itself. */
export class UsageError extends TweedieError {
  constructor(details: { what: string; expected: string; got: string; hint?: string }) {
    super("invalid-option", details);
  }
}

/** What the process ends with after this error. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof TweedieError && error.code === "invalid-option" ? 2 : 1;
}

/** One line for people, and a second one when there is advice. */
export function formatError(error: unknown): string {
  if (error instanceof TweedieError) {
    const line = `tweedie: ${oneLine(error.message)}`;
    return error.hint ? `${line}\n  hint: ${oneLine(error.hint)}` : line;
  }
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === "ERR_OUT_OF_MEMORY" || code === "ERR_WORKER_OUT_OF_MEMORY") return "tweedie: ran out of memory";
  return `tweedie: unexpected failure: ${oneLine(error instanceof Error ? error.message : String(error))}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, " ");
}
