import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { WardenProcess } from '../../../src/client/wardenProcess.ts';
import { alert } from '../../../src/protocol/watching.ts';

const count = 300;
/** Answers the greeting, waits for a line more of its client's, tells so many things in one go, and ends. */
const script = `
const { createMessageConnection, StreamMessageReader, StreamMessageWriter } = require(${JSON.stringify(createRequire(import.meta.url).resolve('vscode-jsonrpc/node'))});
const connection = createMessageConnection(new StreamMessageReader(process.stdin), new StreamMessageWriter(process.stdout));
connection.onRequest('hello', () => ({ protocol: 3, versions: [3], warden: '01234567', shortcomings: [] }));
connection.onRequest('shutdown', async () => {
  await Promise.all(Array.from({ length: ${count} }, (_, number) => connection.sendNotification(${JSON.stringify(alert.method)}, { message: String(number) })));
  process.stdout.end(() => process.exit(0));
  return new Promise(() => undefined);
});
connection.listen();
`;

describe('the end of a warden', () => {
  it('is told when all that it has said is dealt with', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tw-warden-process-'));
    try {
      writeFileSync(join(folder, 'warden.cjs'), script);
      const process = await WardenProcess.start({ script: join(folder, 'warden.cjs'), client: 'test', workspace: '', logFolder: folder });
      let heard = 0;
      process.client.onAlert(() => heard++);
      const shutdown = process.client.shutdown('the test says so').catch(() => undefined);
      const { orderly } = await process.ended;
      assert.deepEqual([orderly, heard], [true, count]);
      await shutdown;
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
