import { TweedieError } from "../errors.ts";
import { type ExitCode, StoppedError } from "./errors.ts";

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const satisfies Record<string, ExitCode>;
type Signal = keyof typeof exitCodes;

export interface Interrupt {
  readonly signal: AbortSignal;
  /** What a process that this signal stopped ends with; undefined when none came. */
  readonly exitCode: () => ExitCode | undefined;
  readonly dispose: () => void;
}

/**
 * Turns the first SIGINT, SIGTERM or SIGHUP into an abort, so that the step under way can finish and be kept; a second
 * one ends the process at once, the way the system would have.
 */
export function onInterrupt(notify: () => void): Interrupt {
  const controller = new AbortController();
  const names = Object.keys(exitCodes) as Signal[];
  let received: Signal | undefined;
  const dispose = (): void => {
    for (const name of names) process.off(name, handler);
  };
  const handler = (name: NodeJS.Signals): void => {
    if (received) {
      // Not process.exit(): that would wait for the network's thread, which cannot be interrupted.
      dispose();
      process.kill(process.pid, name);
      return;
    }
    received = name as Signal;
    controller.abort();
    notify();
  };
  for (const name of names) process.on(name, handler);
  return { signal: controller.signal, exitCode: () => received && exitCodes[received], dispose };
}

/**
 * Does work that a signal ends in order.
 * @throws {StoppedError} when the signal came before there was anything to keep
 */
export async function interruptible<T>(notify: () => void, work: (interrupt: Interrupt) => Promise<T>): Promise<T> {
  const interrupt = onInterrupt(notify);
  try {
    return await work(interrupt);
  } catch (error) {
    const code = interrupt.exitCode();
    if (code !== undefined && error instanceof TweedieError && error.code === "aborted")
      throw new StoppedError(error, code);
    throw error;
  } finally {
    interrupt.dispose();
  }
}
