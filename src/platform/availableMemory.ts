import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';

/**
 * Memory that processes of this machine, or of this container where that has less, can still have, in bytes; undefined where the system does not say: macOS does not count
 * what it would take back from caches.
 */
export function availableMemory(): number | undefined {
  if (process.platform === 'darwin') return undefined;
  const limit = process.constrainedMemory();
  if (limit === 0 || limit >= totalmem()) return freemem();
  // What the kernel counts as used by a container has files in it that it would take back first.
  const cached = cachedByContainer();
  return cached === undefined ? undefined : Math.min(freemem(), process.availableMemory() + cached);
}

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files */
function cachedByContainer(): number | undefined {
  try {
    const [, bytes] = /^inactive_file (\d+)$/m.exec(readFileSync('/sys/fs/cgroup/memory.stat', 'utf8')) ?? [];
    return bytes === undefined ? undefined : Number(bytes);
  } catch {
    return undefined;
  }
}
