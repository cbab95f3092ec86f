/** Folders that several processes need at once: each of many wardens may be the first one of a user. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import { makeFolder } from '../../../src/records/makeFolder.ts';

const module = new URL('../../../src/records/makeFolder.ts', import.meta.url).href;

/** Each thread makes the same nested folders; all begin the next one together. Its errors, and how often it was the one that made a folder. */
const racing = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData.module).then(({ makeFolder }) => {
  const arrived = new Int32Array(workerData.arrived);
  const errors = [];
  let made = 0;
  for (let round = 0; round < workerData.rounds; round++) {
    Atomics.add(arrived, round, 1);
    while (Atomics.load(arrived, round) < workerData.threads);
    try {
      if (makeFolder(workerData.folder + '/' + round + '/a/b/c')) made++;
    } catch (error) {
      errors.push(error.code);
    }
  }
  parentPort.postMessage({ errors, made });
});
`;

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tw-folder-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('a folder', () => {
  it('can be made by several at once, with those above it, and one of them is told that it made it', async (t) => {
    const folder = temporaryFolder(t);
    const [threads, rounds] = [2, 300];
    const arrived = new SharedArrayBuffer(4 * rounds);
    const results = await Promise.all(
      Array.from(
        { length: threads },
        () =>
          new Promise<{ errors: string[]; made: number }>((resolve, reject) => {
            const worker = new Worker(racing, { eval: true, workerData: { module, folder, threads, rounds, arrived } });
            worker.once('message', resolve).once('error', reject);
          }),
      ),
    );
    assert.deepEqual(
      results.flatMap(({ errors }) => errors),
      [],
    );
    assert.equal(
      results.reduce((sum, { made }) => sum + made, 0),
      rounds,
    );
  });

  it('is not made where the system refuses it, and nothing waits for ever', (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, 'file'), '');
    assert.throws(() => makeFolder(join(folder, 'file', 'a', 'b')), { code: 'ENOTDIR' });
    if (existsSync('/proc/self')) assert.throws(() => makeFolder('/proc/tree-warden/a/b'), { code: 'ENOENT' });
  });

  it('that is there already is left as it is', (t) => {
    const folder = join(temporaryFolder(t), 'there');
    mkdirSync(folder, { mode: 0o755 });
    assert.equal(makeFolder(folder), false);
  });
});
