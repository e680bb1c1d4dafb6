import type { Terminal } from "./terminal.ts";

/** What a command found, as data and as text for people. */
export interface Described {
  readonly data: unknown;
  readonly text: string;
}

export function print({ out }: Terminal, asJson: boolean, { data, text }: Described): void {
  out.write(`${asJson ? JSON.stringify(data, null, 2) : text}\n`);
}
