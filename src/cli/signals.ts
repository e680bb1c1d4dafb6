/**
 * Turns the first SIGINT, SIGTERM or SIGHUP into an abort, so that the step under way can finish and be kept; a second
 * one ends the process at once, the way the system would have.
 */
export function onInterrupt(notify: () => void): { signal: AbortSignal; dispose: () => void } {
  const controller = new AbortController();
  const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const dispose = (): void => {
    for (const name of names) process.off(name, handler);
  };
  const handler = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      // Not process.exit(): that would wait for the network's thread, which cannot be interrupted.
      dispose();
      process.kill(process.pid, name);
      return;
    }
    controller.abort();
    notify();
  };
  for (const name of names) process.on(name, handler);
  return { signal: controller.signal, dispose };
}
