/** Signals that ask a command to end, by a user or by what runs it. */
const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Hears of each signal that asks this command to end, instead of being ended by it. */
export function onEndSignal(listener: (signal: NodeJS.Signals) => void): Disposable {
  for (const signal of endSignals) process.on(signal, listener);
  return {
    [Symbol.dispose]: () => {
      for (const signal of endSignals) process.off(signal, listener);
    },
  };
}
