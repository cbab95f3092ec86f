import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LogFile } from '../../../../src/warden/output/logFile.ts';
import { OutputBuffer } from '../../../../src/warden/output/outputBuffer.ts';
import { SlabPool } from '../../../../src/warden/output/slab.ts';
import { TreeOutput } from '../../../../src/warden/output/treeOutput.ts';
import { holdsFor } from '../../../support/property.ts';
import { eventually } from '../../../support/run.ts';

describe('the ring buffer', () => {
  it('gives back what was written, by position', () => {
    const buffer = new OutputBuffer(100);
    for (const part of ['abc', 'def', 'ghi']) buffer.append(Buffer.from(part));
    assert.equal(buffer.read(0, 100).toString(), 'abcdefghi');
    assert.equal(buffer.read(2, 3).toString(), 'cde');
    assert.equal(buffer.read(9, 5).toString(), '');
  });

  it('counts what it was told to skip, and begins behind it', () => {
    const buffer = new OutputBuffer(100);
    buffer.append(Buffer.from('abc'));
    buffer.skip(10);
    assert.deepEqual([buffer.start, buffer.end, buffer.read(0, 9).toString()], [13, 13, '']);
    buffer.append(Buffer.from('def'));
    assert.deepEqual([buffer.start, buffer.end, buffer.read(2, 9).toString()], [13, 16, 'def']);
  });

  it('forgets the oldest, keeps counting, and never drops the newest', () => {
    const buffer = new OutputBuffer(6);
    for (const part of ['abc', 'def', 'ghi']) buffer.append(Buffer.from(part));
    assert.deepEqual([buffer.start, buffer.end, buffer.read(0, 9).toString()], [3, 9, 'defghi']);
    buffer.append(Buffer.from('a chunk that is larger than all of it'));
    assert.equal(buffer.read(0, 99).toString(), 'a chunk that is larger than all of it');
  });
});

/** A piece of this length is kept where it is. */
const sharedBytes = 64 * 1024;

describe('any ring buffer', () => {
  it('has the newest bytes of all that came, at their positions', async () => {
    const piece = fc.tuple(fc.constantFrom('append', 'append', 'share', 'skip', 'compact'), fc.integer({ min: 1, max: 9000 }));
    await holdsFor(
      fc.tuple(fc.constantFrom(1, 2000, 12_000, 200_000), fc.array(piece, { maxLength: 25 })),
      ([capacity, pieces]) => {
        const buffer = new OutputBuffer(capacity);
        const pool = new SlabPool(sharedBytes + 9000, 1);
        let [all, start] = [Buffer.alloc(0), 0];
        for (const [index, [what, least]] of pieces.entries()) {
          const length = what === 'share' ? sharedBytes + least : what === 'compact' ? 0 : least;
          const bytes = Buffer.alloc(length, index + 1);
          all = Buffer.concat([all, bytes]);
          if (what === 'skip') {
            buffer.skip(length);
            start = all.length;
          } else if (what === 'compact') buffer.compact();
          else if (what === 'share') {
            const slab = pool.take();
            bytes.copy(slab.memory);
            buffer.append(slab.memory.subarray(0, length));
            slab.release();
            start = Math.max(start, all.length - Math.max(capacity, length));
          } else {
            buffer.append(bytes);
            // It is a copy.
            bytes.fill(0);
            start = Math.max(start, all.length - Math.max(capacity, length));
          }
          assert.deepEqual([buffer.start, buffer.end], [start, all.length]);
          const middle = Math.floor((start + all.length) / 2);
          assert.ok(buffer.read(0, all.length).equals(all.subarray(start)));
          assert.ok(buffer.read(middle, 100).equals(all.subarray(middle, middle + 100)));
        }
      },
      0.3,
    );
  });
});

class Reader {
  text = '';
  skipped = 0;
  finished = false;
  end = 0;
  readonly whenBehind: 'wait' | 'skip';

  constructor(whenBehind: 'wait' | 'skip') {
    this.whenBehind = whenBehind;
  }

  deliver(chunk: Buffer, end: number, skipped: number): void {
    this.text += chunk;
    this.end = end;
    this.skipped += skipped;
  }

  finish(): void {
    this.finished = true;
  }
}

class Source {
  paused = 0;
  resumed = 0;

  pause(): void {
    this.paused++;
  }

  resume(): void {
    this.resumed++;
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const megabyte = Buffer.alloc(2 ** 20, 'm');

describe('output', () => {
  it('is replayed to a later reader, then followed to its end', async () => {
    const output = new TreeOutput(undefined);
    output.write(Buffer.from('before '));
    const reader = new Reader('wait');
    output.subscribe(reader, 0, true);
    await nextTurn();
    output.write(Buffer.from('after'));
    assert.deepEqual([reader.text, reader.finished], ['before after', false]);
    output.finish();
    assert.ok(reader.finished);
  });

  it('ends at once for a reader that does not follow', async () => {
    const output = new TreeOutput(undefined);
    output.write(Buffer.from('so far'));
    const reader = new Reader('wait');
    output.subscribe(reader, 3, false);
    await nextTurn();
    assert.deepEqual([reader.text, reader.finished], ['far', true]);
  });

  it('ends for a reader that does not follow where it was, also where the process prints faster than it reads', async () => {
    const output = new TreeOutput(undefined);
    const reader = new Reader('skip');
    output.write(megabyte);
    const { acknowledge } = output.subscribe(reader, 0, false);
    await nextTurn();
    for (let rounds = 0; rounds < 10 && !reader.finished; rounds++) {
      output.write(megabyte);
      acknowledge(reader.end);
    }
    assert.ok(reader.finished);
  });

  it('pauses its source for a reader that waits, and goes on when that one has caught up', async () => {
    const output = new TreeOutput(undefined);
    const source = new Source();
    output.attach(source);
    const reader = new Reader('wait');
    const { acknowledge } = output.subscribe(reader, 0, true);
    await nextTurn();
    output.write(megabyte);
    assert.deepEqual([source.paused, source.resumed], [1, 0]);
    while (reader.end < megabyte.length) acknowledge(reader.end);
    assert.deepEqual([source.paused, source.resumed, reader.skipped], [1, 1, 0]);
  });

  it('waits for its first reader where it is told to', async () => {
    const output = new TreeOutput(undefined, true);
    const source = new Source();
    output.attach(source);
    output.write(megabyte);
    assert.deepEqual([source.paused, source.resumed], [1, 0]);
    const reader = new Reader('wait');
    const { acknowledge } = output.subscribe(reader, 0, true);
    await nextTurn();
    while (reader.end < megabyte.length) acknowledge(reader.end);
    assert.deepEqual([source.paused, source.resumed, reader.skipped], [1, 1, 0]);
  });

  it('waits for its next reader, too, where it is told to, and loses nothing for it', async () => {
    const output = new TreeOutput(undefined, 'always');
    const source = new Source();
    output.attach(source);
    const first = new Reader('wait');
    const { acknowledge, cancel } = output.subscribe(first, 0, true);
    await nextTurn();
    const part = megabyte.subarray(0, 100_000);
    output.write(part);
    acknowledge(first.end);
    cancel();
    output.write(part);
    assert.equal(source.paused - source.resumed, 0);
    output.write(megabyte.subarray(200_000));
    assert.equal(source.paused - source.resumed, 1);
    const next = new Reader('wait');
    const subscription = output.subscribe(next, part.length, true);
    await nextTurn();
    while (next.end < megabyte.length) subscription.acknowledge(next.end);
    assert.deepEqual([source.paused - source.resumed, next.skipped], [0, 0]);
  });

  it('has the place of its newest file beside the log, also where that is set aside after the end', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tw-output-'));
    try {
      const path = join(folder, 'it.log');
      const rotation = { maxBytes: 64 * 1024, maxFiles: 2 };
      const log = new LogFile(path, assert.fail, rotation);
      const output = new TreeOutput(log, false, rotation);
      for (let chunk = 0; chunk < 50; chunk++) output.write(Buffer.alloc(5000, 'x'));
      output.finish();
      await log.close();
      const start = output.end - statSync(path).size;
      assert.ok(start > 0);
      await eventually('the times say where it begins', () => readFileSync(`${path}.times`, 'utf8').includes(`\n= ${start}\n`));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('goes on when the reader it waited for leaves', async () => {
    const output = new TreeOutput(undefined);
    const source = new Source();
    output.attach(source);
    const { cancel } = output.subscribe(new Reader('wait'), 0, true);
    await nextTurn();
    output.write(megabyte);
    cancel();
    assert.deepEqual([source.paused, source.resumed], [1, 1]);
  });

  it('does not wait for a reader that skips, and counts what that one missed', async () => {
    const output = new TreeOutput(undefined);
    const source = new Source();
    output.attach(source);
    const reader = new Reader('skip');
    const { acknowledge } = output.subscribe(reader, 0, true);
    await nextTurn();
    for (let part = 0; part < 5; part++) output.write(megabyte);
    assert.equal(source.paused, 0);
    output.finish();
    while (!reader.finished) acknowledge(reader.end);
    assert.equal(reader.text.length + reader.skipped, 5 * megabyte.length);
    assert.ok(reader.skipped > 3 * megabyte.length);
  });
});

describe('the last lines of an output', () => {
  it('are those of all that was written so far, and are not read again before more is', () => {
    const output = new TreeOutput(undefined);
    output.write(Buffer.from('one\n\ntwo\n'));
    const lines = output.lastLines(2);
    assert.deepEqual(lines, ['one', 'two']);
    assert.equal(output.lastLines(2), lines);
    assert.deepEqual(output.lastLines(1), ['two']);
    output.write(Buffer.from('\x1b[31mthree\x1b[0m'));
    assert.deepEqual(output.lastLines(2), ['two', 'three']);
  });
});
