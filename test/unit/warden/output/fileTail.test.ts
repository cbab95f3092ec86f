/** Following a file that a process writes to, however fast it does. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { LogFiles } from '../../../../src/client/logs/logFiles.ts';
import { FileTail } from '../../../../src/warden/output/fileTail.ts';
import { lateBytes } from '../../../../src/warden/output/logCopy.ts';
import { OutputBuffer } from '../../../../src/warden/output/outputBuffer.ts';
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

  it('waits for no writer where a pipe is in its place', { skip: process.platform === 'win32' }, () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    assert.throws(() => new FileTail(pipe, 0, () => assert.fail()), /pipe is not a plain file$/);
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

  it('keeps a flood within its bound, and every position where it was', async () => {
    const maxBytes = 2 ** 20;
    writeFileSync(`${path}.block`, Array.from({ length: 100_000 }, (_, index) => `${1_000_000 + index}\n`).join(''));
    const flood = 'ulimit -f 200000; for n in $(seq 150); do cat "$0.block"; done; echo last';
    const writer = spawn('sh', ['-c', `{ ${flood}; } >> "$0"`, path], { stdio: 'ignore' });
    const written = new Promise((resolve) => writer.on('close', resolve));
    const memory = new OutputBuffer(256 * 1024);
    const tail = new FileTail(
      path,
      Number.POSITIVE_INFINITY,
      (chunk, skipped) => {
        if (skipped > 0) memory.skip(skipped);
        memory.append(chunk);
      },
      { maxBytes, maxFiles: 2 },
    );
    await written;
    await new Promise<void>((resolve) => tail.close(resolve, true));
    const start = memory.end - tail.position;
    await using files = await LogFiles.open(path, start);
    assert.ok(files);
    assert.equal(files.first + files.size, memory.end);
    assert.ok(files.size <= 2 * 3 * maxBytes + lateBytes, `${files.size} bytes are left`);
    assert.ok(statSync(path).size <= maxBytes, `${statSync(path).size} bytes in the newest file`);
    const kept = memory.read(memory.start, Number.POSITIVE_INFINITY);
    const inFiles = [2, 1].map((number) => (existsSync(`${path}.${number}`) ? readFileSync(`${path}.${number}`, 'utf8') : '')).join('');
    assert.ok((inFiles + readFileSync(path, 'utf8')).endsWith(kept.toString()), 'the memory ends as the files do');
    assert.match(kept.toString(), /1099999\nlast\n$/);
    assert.ok(!existsSync(`${path}.next`));
  });

  it('empties a file that has become too long where no copy can be made, and says so in it', async () => {
    mkdirSync(`${path}.next`);
    let text = '';
    const tail = new FileTail(path, 0, (chunk) => (text = chunk.toString()), { maxBytes: 2 ** 20, maxFiles: 2 });
    for (let count = 0; count < 2; count++) appendFileSync(path, Buffer.alloc(2 ** 20, 'x'));
    await eventually('it is read', () => tail.position === 2 ** 21);
    assert.equal(statSync(path).size, 2 ** 21, 'it is kept as long as there is room');
    for (let count = 0; count < 40; count++) appendFileSync(path, Buffer.alloc(2 ** 20, 'x'));
    await eventually('it is emptied', () => /^\ntree-warden: \d+ bytes could not be kept: .*EISDIR/.test(text));
    assert.equal(readFileSync(path, 'utf8'), text);
    tail.close();
  });

  it('sets aside what an ended process has left, once and as a whole', async () => {
    writeFileSync(path, Buffer.alloc(1.5 * 2 ** 20, 'x'));
    writeFileSync(`${path}.next`, 'half of a copy');
    let bytes = 0;
    const tail = new FileTail(path, Number.POSITIVE_INFINITY, (chunk) => (bytes += chunk.length), { maxBytes: 2 ** 20, maxFiles: 1 });
    assert.ok(!existsSync(`${path}.next`), 'what a killed warden has left');
    await new Promise<void>((resolve) => tail.close(resolve, true));
    assert.deepEqual([bytes, statSync(path).size, statSync(`${path}.1`).size], [1.5 * 2 ** 20, 0, 1.5 * 2 ** 20]);
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
