/** Output on its way through memory that the ring and the log share, at any speed of what prints, writes and reads. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs, { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { LogFile } from '../../../../src/warden/output/logFile.ts';
import { ReadMemory } from '../../../../src/warden/output/readMemory.ts';
import { type OutputReader, type OutputSource, TreeOutput } from '../../../../src/warden/output/treeOutput.ts';
import { holdsFor } from '../../../support/property.ts';
import { eventually } from '../../../support/run.ts';

/** What is printed, again and again: no length of a piece divides it, so that one in a wrong place is another one. */
const noise = randomBytes(1_299_709);
const megabyte = 2 ** 20;
const ringBytes = megabyte;
const rotated = { maxBytes: 300_000, maxFiles: 99 };
const whole = { maxBytes: 1e9, maxFiles: 1 };

const noiseAt = (from: number, length: number): Buffer => {
  const at = from % noise.length;
  const first = noise.subarray(at, at + length);
  return first.length === length ? first : Buffer.concat([first, noiseAt(0, length - first.length)]);
};

type Write = (fd: number, chunks: Buffer[], done: (error: NodeJS.ErrnoException | null, written: number, chunks: Buffer[]) => void) => void;

/** The disk. */
let write: Write = fs.writev;
let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'tw-flood-'));
  mock.method(fs, 'writev', (...call: Parameters<Write>) => write(...call));
  syncBuiltinESMExports();
});
after(() => {
  mock.restoreAll();
  syncBuiltinESMExports();
  rmSync(folder, { recursive: true, force: true });
});

/** As a pipe of the warden's: two streams that are read one after the other, each into memory of its own. */
class Pipes implements OutputSource {
  readonly gathers = true;
  readonly output: TreeOutput;
  readonly #memories = [new ReadMemory(), new ReadMemory()];
  #isPaused = false;

  constructor(output: TreeOutput) {
    this.output = output;
    output.attach(this);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  async print(stream: number, bytes: number): Promise<void> {
    const memory = this.#memories[stream];
    for (let left = bytes; memory && left > 0; ) {
      while (this.#isPaused) await nextTurn();
      const length = Math.min(left, memory.next.length);
      noiseAt(this.output.end, length).copy(memory.next);
      memory.deliver(length, (chunk) => this.output.write(chunk));
      left -= length;
    }
  }

  close(): void {
    for (const memory of this.#memories) memory.release();
  }
}

/** Compares all that it gets with what was printed. */
class ComparingReader implements OutputReader {
  readonly whenBehind: 'wait' | 'skip';
  acknowledge: (end: number) => void = () => undefined;
  isFinished = false;
  seen = 0;
  skipped = 0;
  readonly #turns: number;

  constructor(whenBehind: 'wait' | 'skip', turns: number) {
    this.whenBehind = whenBehind;
    this.#turns = turns;
  }

  deliver(chunk: Buffer, end: number, skipped: number): void {
    assert.ok(chunk.equals(noiseAt(end - chunk.length, chunk.length)), `the reader has other bytes before ${end}`);
    this.seen += chunk.length;
    this.skipped += skipped;
    void this.#acknowledgeLater(end);
  }

  finish(): void {
    this.isFinished = true;
  }

  async #acknowledgeLater(end: number): Promise<void> {
    for (let turn = 0; turn < this.#turns; turn++) await nextTurn();
    this.acknowledge(end);
  }
}

/** All files of a log, the oldest first. */
function logged(path: string): Buffer {
  const paths = [path];
  for (let number = 1; existsSync(`${path}.${number}`); number++) paths.unshift(`${path}.${number}`);
  return Buffer.concat(paths.map((one) => readFileSync(one)));
}

describe('a flood', () => {
  it('is the same in its log, in memory and for its readers', async () => {
    const length = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 600_000 }), fc.constantFrom(64 * 1024, 384 * 1024));
    const piece = fc.record({ stream: fc.constantFrom(0, 1), length, turns: fc.integer({ min: 0, max: 2 }), isPrint: fc.boolean() });
    const reader = fc.record({ whenBehind: fc.constantFrom('wait' as const, 'skip' as const), turns: fc.integer({ min: 0, max: 3 }) });
    const given = fc.record({
      pieces: fc.array(piece, { minLength: 1, maxLength: 12 }),
      readers: fc.array(reader, { maxLength: 2 }),
      diskMillis: fc.constantFrom(0, 0, 0, 1, 8),
      takesHalf: fc.boolean(),
      rotation: fc.constantFrom(whole, rotated),
    });
    const ofDisk = write;
    let [round, calls] = [0, 0];
    await holdsFor(
      given,
      async ({ pieces, readers, diskMillis, takesHalf, rotation }) => {
        write = (fd, chunks, done) => {
          const [first] = chunks;
          const taken = takesHalf && calls++ % 2 === 0 && first && first.length > 1 ? [first.subarray(0, first.length >> 1)] : chunks;
          if (diskMillis === 0) ofDisk(fd, taken, done);
          else setTimeout(() => ofDisk(fd, taken, done), diskMillis);
        };
        const path = join(folder, String(round++));
        const log = new LogFile(path, assert.fail, rotation);
        const output = new TreeOutput(log, false, rotation);
        const pipes = new Pipes(output);
        const comparing = readers.map(({ whenBehind, turns }) => new ComparingReader(whenBehind, turns));
        for (const one of comparing) one.acknowledge = output.subscribe(one, 0, true).acknowledge;
        for (const { stream, length: bytes, turns, isPrint } of pieces) {
          if (isPrint) await output.print(noiseAt(output.end, Math.min(bytes, 1000)));
          else await pipes.print(stream, bytes);
          for (let turn = 0; turn < turns; turn++) await nextTurn();
        }
        pipes.close();
        output.finish();
        await log.close();
        const all = noiseAt(0, output.end);
        assert.ok(logged(path).equals(all), 'the log has other bytes');
        const late = new ComparingReader('wait', 0);
        late.acknowledge = output.subscribe(late, 0, true).acknowledge;
        comparing.push(late);
        await eventually('the readers have all', () => comparing.every(({ isFinished }) => isFinished));
        for (const one of comparing) {
          assert.equal(one.seen + one.skipped, all.length);
          if (one === late) assert.ok(one.seen >= Math.min(all.length, ringBytes));
          else if (one.whenBehind === 'wait') assert.equal(one.skipped, 0);
        }
        rmSync(path);
      },
      0.1,
    );
    write = ofDisk;
  });
});

class CountedSource implements OutputSource {
  readonly gathers: boolean;
  paused = 0;
  resumed = 0;

  constructor(gathers: boolean) {
    this.gathers = gathers;
  }

  pause(): void {
    this.paused++;
  }

  resume(): void {
    this.resumed++;
  }
}

describe('a source that gathers what is printed while it is paused', () => {
  const piece = Buffer.alloc(8192, 'x');
  const outputOf = (name: string, source: OutputSource): { output: TreeOutput; log: LogFile } => {
    const log = new LogFile(join(folder, name), assert.fail, whole);
    const output = new TreeOutput(log, false, whole);
    output.attach(source);
    return { output, log };
  };

  it('is left alone while the log is written, but not behind a line', async () => {
    const source = new CountedSource(true);
    const { output, log } = outputOf('lines', source);
    output.write(Buffer.from('a line\n'));
    assert.equal(source.paused, 0);
    output.write(piece);
    assert.deepEqual([source.paused, source.resumed], [1, 0]);
    await eventually('it goes on', () => source.resumed === 1);
    await log.close();
  });

  it('waits a moment for a disk that is slow, and for all where much waits for it', async () => {
    const ofDisk = write;
    const waiting: (() => void)[] = [];
    write = (...call) => void waiting.push(() => ofDisk(...call));
    try {
      const source = new CountedSource(true);
      const { output, log } = outputOf('slow', source);
      output.write(piece);
      await eventually('it goes on', () => source.resumed === 1);
      output.write(Buffer.alloc(200_000, 'y'));
      assert.equal(source.paused, 2);
      await sleep(50);
      assert.equal(source.resumed, 1);
      const closed = log.close();
      await eventually('all is written', () => {
        for (const next of waiting.splice(0)) next();
        return source.resumed === 2;
      });
      await closed;
    } finally {
      write = ofDisk;
    }
  });

  it('is the only one that is left alone', async () => {
    const source = new CountedSource(false);
    const { output, log } = outputOf('other', source);
    output.write(piece);
    assert.equal(source.paused, 0);
    await log.close();
  });
});
