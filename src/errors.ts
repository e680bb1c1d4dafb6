/** Every reason for which Tweedie refuses or gives up. Stable: programs may branch on these. */
export type ErrorCode =
  | "shape-mismatch"
  | "unsupported-op"
  | "invalid-option"
  | "missing-file"
  | "unreadable-file"
  | "unreadable-image"
  | "unsupported-format"
  | "size-mismatch"
  | "too-large"
  | "not-writable"
  | "disk-full"
  | "aborted"
  | "out-of-memory"
  | "invalid-model"
  | "invalid-operator"
  | "numerical-failure"
  | "internal";

/** What a {@link TweedieError} says; `message`, or `expected` and `got`. */
export interface ErrorDetails {
  /** The whole sentence. When omitted it is composed from `what`, `expected` and `got`. */
  message?: string;
  /** The thing at fault ("mask.png", "conv weight"); defaults to the code in words. */
  what?: string;
  /** What would have been right. */
  expected?: string;
  /** What came instead. */
  got?: string;
  /** What the user can do about it. */
  hint?: string;
  cause?: unknown;
}

/** The plain-data form of a {@link TweedieError}, for `--json` output and for crossing threads. */
export interface ErrorData {
  name: "TweedieError";
  code: ErrorCode;
  message: string;
  expected?: string;
  got?: string;
  hint?: string;
}

/**
 * The one error class of the library. Errors are data: `code` says which kind, `expected` and `got` say what was wrong,
 * and `message` is one line made of them.
 */
export class TweedieError extends Error {
  readonly code: ErrorCode;
  readonly expected?: string;
  readonly got?: string;
  readonly hint?: string;

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    super(
      details.message ?? composeMessage(code, details),
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.name = "TweedieError";
    this.code = code;
    this.expected = details.expected;
    this.got = details.got;
    this.hint = details.hint;
  }

  toJSON(): ErrorData {
    const data: ErrorData = { name: "TweedieError", code: this.code, message: this.message };
    if (this.expected !== undefined) data.expected = this.expected;
    if (this.got !== undefined) data.got = this.got;
    if (this.hint !== undefined) data.hint = this.hint;
    return data;
  }

  /** The inverse of {@link toJSON}: the same error on the other side of a thread or a process. */
  static fromJSON(data: ErrorData): TweedieError {
    return new TweedieError(data.code, data);
  }
}

function composeMessage(code: ErrorCode, { what, expected, got }: ErrorDetails): string {
  const parts: string[] = [];
  if (expected !== undefined) parts.push(`expected ${expected}`);
  if (got !== undefined) parts.push(`got ${got}`);
  const subject = what ?? code.replaceAll("-", " ");
  return parts.length === 0 ? subject : `${subject}: ${parts.join(", ")}`;
}
