/**
 * Keeps Node's debugger closed: SIGUSR1 would open it on a port of loopback, where every user of the machine could run code in this process.
 * To be called first, by every program of ours.
 */
export function keepDebuggerClosed(): void {
  try {
    process.on('SIGUSR1', () => undefined);
  } catch {
    // Windows has no such signal.
  }
}
