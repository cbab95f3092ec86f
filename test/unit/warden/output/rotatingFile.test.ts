import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { RotatingFile } from '../../../../src/warden/output/rotatingFile.ts';
import { SlabPool } from '../../../../src/warden/output/slab.ts';
import { holdsFor } from '../../../support/property.ts';
import { eventually } from '../../../support/run.ts';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'tw-rotating-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const ignored = { onDrain: () => undefined, onSetAside: () => undefined, onError: assert.fail };

/** What the files are to have, the newest first: a file is set aside with the chunk that fills it. */
function expectedFiles(chunks: readonly string[], maxBytes: number, maxFiles: number): string[] {
  const files = [''];
  for (const chunk of chunks) {
    files[0] += chunk;
    if (Buffer.byteLength(files[0] ?? '') >= maxBytes) files.unshift('');
  }
  return files.slice(0, maxFiles + 1);
}

/** Bytes of a file and of those that were set aside. */
function written(path: string): number {
  const sizes = [path, `${path}.1`, `${path}.2`, `${path}.3`].map((one) => statSync(one, { throwIfNoEntry: false })?.size ?? 0);
  return sizes.reduce((sum, size) => sum + size, 0);
}

describe('a file that is rotated', () => {
  it('is set aside behind the chunk that fills it, however many are written at once', async () => {
    const chunk = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), minLength: 1, maxLength: 30 });
    let round = 0;
    await holdsFor(
      fc.tuple(
        fc.array(fc.array(chunk, { maxLength: 20 }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 3 }),
      ),
      async ([bursts, maxBytes, maxFiles]) => {
        const own = join(folder, String(round++));
        mkdirSync(own);
        const path = join(own, 'it');
        let setAside = 0;
        // Another warden goes on with the same file.
        for (const burst of bursts) {
          const file = new RotatingFile(path, { maxBytes, maxFiles }, { ...ignored, onSetAside: () => setAside++ });
          for (const one of burst) file.write(Buffer.from(one));
          await file.end();
        }
        const expected = expectedFiles(bursts.flat(), maxBytes, maxFiles);
        if (bursts.length > 0) {
          const found = Array.from({ length: expected.length }, (_, number) =>
            readFileSync(number === 0 ? path : `${path}.${number}`, 'utf8'),
          );
          assert.deepEqual(found, expected);
          assert.equal(readdirSync(own).length, expected.length);
        }
        assert.ok(setAside >= expected.length - 1);
      },
      0.3,
    );
  });

  it('is set aside once when it is full, however many write it', async () => {
    const path = join(folder, 'shared');
    let setAside = 0;
    const rotation = { maxBytes: 300, maxFiles: 3 };
    const files = Array.from({ length: 8 }, () => new RotatingFile(path, rotation, { ...ignored, onSetAside: () => setAside++ }));
    for (const file of files) file.write(Buffer.alloc(100, 'a'));
    await eventually('all have it open', () => written(path) === 800);
    for (const file of files) {
      file.write(Buffer.alloc(200, 'b'));
      await file.end();
      assert.equal(setAside, 1);
    }
    assert.equal(written(path), 2400);
  });

  it('holds its source up when much is waiting, and lets it go on before all of that is written', async () => {
    let drains = 0;
    const file = new RotatingFile(join(folder, 'slow'), { maxBytes: 1e9, maxFiles: 1 }, { ...ignored, onDrain: () => drains++ });
    const answers = Array.from({ length: 8 }, () => file.write(Buffer.alloc(128 * 1024, 'x')));
    assert.deepEqual(answers, [true, true, true, false, false, false, false, false]);
    await file.end();
    assert.equal(drains, 1);
    assert.equal(readFileSync(join(folder, 'slow')).length, 8 * 128 * 1024);
  });

  it('holds what it was given in a slab until that is written', async () => {
    const slabs = new SlabPool(100_000, 1);
    const file = new RotatingFile(join(folder, 'shared memory'), { maxBytes: 1e9, maxFiles: 1 }, ignored);
    for (const letter of 'abc') {
      const slab = slabs.take();
      file.write(slab.memory.fill(letter));
      slab.release();
    }
    await file.end();
    assert.deepEqual(readFileSync(join(folder, 'shared memory'), 'utf8'), ['a', 'b', 'c'].map((letter) => letter.repeat(100_000)).join(''));
    // One is free again.
    const [again, other] = [slabs.take(), slabs.take()];
    assert.ok([...'abc'].includes(again.memory.toString('utf8', 0, 1)));
    assert.notEqual(other, again);
  });

  for (const [kind, make] of [
    ['a folder', (path: string) => mkdirSync(path)],
    ['a pipe that no process reads', (path: string) => assert.equal(spawnSync('mkfifo', [path]).status, 0)],
  ] as const)
    it(`fails once where there is ${kind}, and takes nothing more`, async () => {
      const path = join(folder, kind);
      make(path);
      const errors: string[] = [];
      const onError = ({ message }: Error): void => void errors.push(message);
      const file = new RotatingFile(path, { maxBytes: 10, maxFiles: 1 }, { ...ignored, onError });
      file.write(Buffer.from('lost'));
      await file.end();
      assert.ok(file.write(Buffer.from('lost')));
      assert.deepEqual(errors, [`${path} is not a plain file`]);
    });

  it('makes the folder that it is in', async () => {
    const path = join(folder, 'missing', 'too', 'it');
    const file = new RotatingFile(path, { maxBytes: 10, maxFiles: 1 }, ignored);
    file.write(Buffer.from('kept'));
    await file.end();
    assert.equal(readFileSync(path, 'utf8'), 'kept');
  });
});
