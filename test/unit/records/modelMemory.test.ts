import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { keepModelMemory, readModelMemory } from '../../../src/records/modelMemory.ts';

const keyOf = (number: number): string => number.toString(16).padStart(24, '0');
const size = (memoryBytes: number) => ({ memoryBytes, gpuMemoryBytes: 0 });
const measured = (bytes: number) => ({ peak: size(bytes), settled: size(bytes - 1) });

describe('what models took', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'model-memory-'));
    path = join(folder, 'state', 'model-memory.json');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('is kept for the next load, and replaced by what was measured later', () => {
    keepModelMemory(keyOf(1), 'coder', measured(5), path);
    keepModelMemory(keyOf(2), 'writer', measured(6), path);
    keepModelMemory(keyOf(1), 'coder', measured(7), path);
    assert.deepEqual(
      readModelMemory(path),
      new Map([
        [keyOf(2), measured(6)],
        [keyOf(1), measured(7)],
      ]),
    );
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(join(folder, 'state')), ['model-memory.json'], 'nothing is left beside it');
  });

  it('is forgotten of those that were measured longest ago, where there are too many', () => {
    for (let number = 0; number < 503; number++) keepModelMemory(keyOf(number), 'm'.repeat(300), measured(number + 1), path);
    const kept = readModelMemory(path);
    assert.equal(kept.size, 500);
    assert.deepEqual([kept.has(keyOf(2)), kept.has(keyOf(3)), kept.has(keyOf(502))], [false, true, true]);
  });

  it('is nothing where the file is none of ours, and is written anew', () => {
    for (const text of ['', '{', '[]', '{"format":2,"models":[]}', '{"format":1,"models":[{"key":"x"}]}', 'x'.repeat(2 ** 20)]) {
      keepModelMemory(keyOf(1), 'coder', measured(5), path);
      writeFileSync(path, text);
      assert.equal(readModelMemory(path).size, 0, text.slice(0, 20));
      keepModelMemory(keyOf(2), 'coder', measured(5), path);
      assert.deepEqual([...readModelMemory(path).keys()], [keyOf(2)]);
    }
  });

  it('is not read through a link, and a link is replaced, not followed', () => {
    const other = join(folder, 'other');
    keepModelMemory(keyOf(1), 'coder', measured(5), other);
    symlinkSync(other, join(folder, 'link'));
    assert.equal(readModelMemory(join(folder, 'link')).size, 0);
    keepModelMemory(keyOf(2), 'coder', measured(5), join(folder, 'link'));
    assert.deepEqual([...readModelMemory(other).keys()], [keyOf(1)]);
  });
});
