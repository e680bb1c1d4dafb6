/** Exit status of a run that a second signal ended on the spot. */
const QUIT = 1;

/**
 * Turns the first SIGINT, SIGTERM or SIGHUP into an abort, so that the step under way can finish and be kept; a second
 * one ends the process at once.
 */
export function onInterrupt(notify: () => void): { signal: AbortSignal; dispose: () => void } {
  const controller = new AbortController();
  const handler = (): void => {
    if (controller.signal.aborted) quit();
    controller.abort();
    notify();
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of signals) process.on(name, handler);
  return {
    signal: controller.signal,
    dispose() {
      for (const name of signals) process.off(name, handler);
    },
  };
}

function quit(): never {
  process.exit(QUIT);
}
