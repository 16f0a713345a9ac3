/** Runs `stop` at the first SIGINT, SIGTERM or SIGHUP, and ends the process with 128 + signal at the second. */
export function onSignal(stop: () => Promise<void>): { readonly stopped: Promise<void>; forget(): void } {
  let asked = false;
  let done: () => void = () => undefined;
  let failed: (error: unknown) => void = () => undefined;
  const stopped = new Promise<void>((resolve, reject) => {
    done = resolve;
    failed = reject;
  });
  const listener = (): void => {
    if (asked) process.exit(130);
    asked = true;
    stop().then(done, failed);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, listener);
  return {
    stopped,
    forget() {
      for (const signal of signals) process.off(signal, listener);
    },
  };
}
