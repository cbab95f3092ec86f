import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Inspector } from './inspector.ts';
import { notWritten } from './notWritten.ts';
import { InspectorSession } from './session.ts';

/** How long a process may take for its snapshot, in milliseconds; it stands still meanwhile. */
const longestMillis = 10 * 60_000;
/** Maximum size of the file, in bytes. */
const maxBytes = 8 * 2 ** 30;

/**
 * Writes a new `.heapsnapshot` file, piece by piece as it comes: it is as large as the heap.
 * @throws Error where the file cannot be written, it becomes too large, the process ends meanwhile, or `signal` is aborted.
 */
export async function writeHeapSnapshot(inspector: Inspector, path: string, signal?: AbortSignal): Promise<void> {
  using session = await InspectorSession.open(inspector);
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600, highWaterMark: 2 ** 20 });
  let bytes = 0;
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }: { readonly chunk: unknown }) => {
    bytes += String(chunk).length;
    if (bytes > maxBytes) file.destroy(new Error(`it is larger than ${maxBytes / 2 ** 30} GB`));
    else if (!file.write(String(chunk))) session.pause();
  });
  file.on('drain', () => session.resume());
  const failed = new Promise<never>((_, reject) => {
    file.once('error', (error) => reject(notWritten(path, error)));
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  failed.catch(() => undefined);
  try {
    await Promise.race([once(file, 'open'), failed]);
    signal?.throwIfAborted();
    await Promise.race([session.ask('HeapProfiler.takeHeapSnapshot', { reportProgress: false }, longestMillis), failed]);
    file.end();
    await Promise.race([finished(file), failed]);
  } finally {
    file.destroy();
  }
}
