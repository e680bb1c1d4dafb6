import { TweedieError } from "../errors.ts";

/** 0: done; 1: it failed; 2: the command line was wrong; 128 + the number of the signal that stopped it. */
export type ExitCode = 0 | 1 | 2 | 129 | 130 | 143;

/** A mistake in the command line itself. */
export class UsageError extends TweedieError {
  constructor(details: { what: string; expected: string; got: string; hint?: string }) {
    super("invalid-option", details);
  }
}

/** A signal ended the work before there was a result. */
export class StoppedError extends TweedieError {
  readonly exitCode: ExitCode;

  constructor(cause: TweedieError, exitCode: ExitCode) {
    super("aborted", { message: cause.message, hint: cause.hint, cause });
    this.exitCode = exitCode;
  }
}

/** What the process ends with after this error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof StoppedError) return error.exitCode;
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
