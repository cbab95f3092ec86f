/** What a program is told of a tree of its own, by what its warden says of it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import type { TreeHost } from '../../../src/library/guardian.ts';
import { GuardedTree } from '../../../src/library/tree.ts';
import type { TreeSnapshot } from '../../../src/protocol/snapshot.ts';
import type { StartRequest } from '../../../src/protocol/startRequest.ts';

/** Whether it was ready, where all that is told of it after its start is its end. */
async function readyOf(end: Partial<TreeSnapshot>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tw-library-'));
  const server = createServer((socket) => void socket.end().resume());
  try {
    const rawSocket = join(folder, 'raw');
    await new Promise<void>((resolve) => server.listen(rawSocket, resolve));
    const started = { id: 'x', name: 'it', state: 'starting', reason: 'not ready yet', rawSocket } as unknown as TreeSnapshot;
    const nothing = { [Symbol.dispose]: () => undefined };
    const host = {
      client: { start: async () => started },
      started: () => undefined,
      hold: () => nothing,
      follow: (_tree: string, listener: (snapshot: TreeSnapshot) => void) => {
        setImmediate(() => listener({ ...started, ...end }));
        return nothing;
      },
    } as unknown as TreeHost;
    const request = { name: 'it', argv: ['it'], ready: { log: 'up' } } as unknown as StartRequest;
    const tree = await GuardedTree.start(host, request, {});
    return await tree.ready.then(
      () => 'ready',
      (error: Error) => error.message,
    );
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
}

const end = { state: 'succeeded', reason: 'exited with code 0', endedAt: 3 } as const;

it('was ready also where the news of that comes together with the news of its end', async () => {
  assert.equal(await readyOf({ ...end, readyAt: 2 }), 'ready');
});

it('was not where it ended before that', async () => {
  assert.equal(await readyOf(end), '“it” ended before it was ready: exited with code 0.');
});
