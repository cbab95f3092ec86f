import { readFileSync } from 'node:fs';

/** The limit that is assumed where the system reports none, or "unlimited". */
const fallback = 1024;

/** How many files this process may have open: proc_pid_limits(5), "Max open files", the soft limit, which Node raises to the hard one. */
export function descriptorLimit(): number {
  try {
    const [, soft] = readFileSync('/proc/self/limits', 'latin1').match(/^Max open files\s+(\d+)/m) ?? [];
    return soft === undefined ? fallback : Number(soft);
  } catch {
    return fallback;
  }
}
