/** Following a file that a process writes to, however fast it does. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FileTail } from '../../../../src/warden/output/fileTail.ts';
import { eventually } from '../../../support/run.ts';

describe('the tail of a file', () => {
  let folder = '';
  let path = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tw-tail-'));
    path = join(folder, 'log');
    writeFileSync(path, '');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('begins so far before the end, and follows', async () => {
    writeFileSync(path, 'old new');
    let text = '';
    const tail = new FileTail(path, 3, (chunk) => {
      text += chunk;
    });
    await eventually('the end is read', () => text === 'new');
    appendFileSync(path, ' more');
    await eventually('what came then is read', () => text === 'new more');
    truncateSync(path);
    appendFileSync(path, 'x');
    await eventually('what came after it was emptied is read', () => text === 'new morex');
    tail.close();
  });

  it('reads what is left when it is closed, in turns, and says when that is done', async () => {
    const size = 20 * 2 ** 20;
    writeFileSync(path, Buffer.alloc(size, 'x'));
    let bytes = 0;
    const tail = new FileTail(path, Number.POSITIVE_INFINITY, (chunk) => {
      bytes += chunk.length;
    });
    let isDone = false;
    tail.close(() => {
      isDone = true;
    });
    assert.ok(bytes < size, 'not all in one turn');
    await eventually('it is closed', () => isDone);
    assert.equal(bytes, size);
  });

  it('leaves the event loop to others, and closes, where the writer is as fast as the reader', async () => {
    const writer = spawn('sh', ['-c', 'exec yes "$0" >> "$1"', 'x'.repeat(1000), path], { stdio: 'ignore' });
    try {
      let [bytes, inTurn, most, turns] = [0, 0, 0, 0];
      const tail = new FileTail(path, Number.POSITIVE_INFINITY, (chunk) => {
        bytes += chunk.length;
        inTurn += chunk.length;
      });
      let isWatching = true;
      const watch = (): void => {
        most = Math.max(most, inTurn);
        [inTurn, turns] = [0, turns + 1];
        if (isWatching) setImmediate(watch);
      };
      setImmediate(watch);
      await eventually('much is read', () => bytes > 100 * 2 ** 20).finally(() => {
        isWatching = false;
      });
      console.log(`  beside a fast writer: at most ${most} bytes in a turn, ${turns} turns of others`);
      // Setting a file aside reads up to 10 MB of it in its own turn.
      assert.ok(most < 12 * 2 ** 20, `${most} bytes in one turn`);
      await new Promise<void>((resolve) => tail.close(resolve));
    } finally {
      writer.kill('SIGKILL');
    }
  });

  it('sets a long file aside, with all that was in it', async () => {
    let bytes = 0;
    const tail = new FileTail(path, 0, (chunk) => {
      bytes += chunk.length;
    });
    const block = Buffer.alloc(2 ** 20, 'x');
    for (let count = 0; count < 11; count++) appendFileSync(path, block);
    await eventually('it is set aside', () => existsSync(`${path}.1`) && statSync(path).size === 0);
    assert.deepEqual([bytes, statSync(`${path}.1`).size], [11 * 2 ** 20, 11 * 2 ** 20]);
    appendFileSync(path, 'new');
    await eventually('the new one is followed', () => bytes === 11 * 2 ** 20 + 3);
    assert.equal(readFileSync(path, 'utf8'), 'new');
    tail.close();
  });
});
