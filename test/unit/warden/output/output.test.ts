import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OutputBuffer } from '../../../../src/warden/output/outputBuffer.ts';
import { TreeOutput } from '../../../../src/warden/output/treeOutput.ts';

describe('the ring buffer', () => {
  it('gives back what was written, by position', () => {
    const buffer = new OutputBuffer(100);
    for (const part of ['abc', 'def', 'ghi']) buffer.append(Buffer.from(part));
    assert.equal(buffer.read(0, 100).toString(), 'abcdefghi');
    assert.equal(buffer.read(2, 3).toString(), 'cde');
    assert.equal(buffer.read(9, 5).toString(), '');
  });

  it('forgets the oldest, keeps counting, and never drops the newest', () => {
    const buffer = new OutputBuffer(6);
    for (const part of ['abc', 'def', 'ghi']) buffer.append(Buffer.from(part));
    assert.deepEqual([buffer.start, buffer.end, buffer.read(0, 9).toString()], [3, 9, 'defghi']);
    buffer.append(Buffer.from('a chunk that is larger than all of it'));
    assert.equal(buffer.read(0, 99).toString(), 'a chunk that is larger than all of it');
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
