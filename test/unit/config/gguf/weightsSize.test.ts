import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { weightsSize } from '../../../../src/config/gguf/weightsSize.ts';

describe('the size of a model', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tw-weights-'));
  after(() => rmSync(folder, { recursive: true }));
  const files = {
    'one.gguf': 10,
    'two-00001-of-00002.gguf': 20,
    'two-00002-of-00002.gguf': 5,
    'lacking-00001-of-00002.gguf': 7,
    'empty.gguf': 0,
  };
  for (const [name, size] of Object.entries(files)) writeFileSync(join(folder, name), 'x'.repeat(size));
  mkdirSync(join(folder, 'folder'));

  const cases: [string, string, number | undefined][] = [
    ['in one file is its size', 'one.gguf', 10],
    ['in several files is that of all of them', 'two-00001-of-00002.gguf', 25],
    ['of which a later part is named is not known', 'two-00002-of-00002.gguf', undefined],
    ['of which a part is lacking is not known', 'lacking-00001-of-00002.gguf', undefined],
    ['that is said to have a hundred thousand files is not known', 'many-00001-of-99999.gguf', undefined],
    ['that is empty is not known', 'empty.gguf', undefined],
    ['in a folder is not known', 'folder', undefined],
    ['that is not there is not known', 'none.gguf', undefined],
  ];
  for (const [what, name, expected] of cases) it(what, () => assert.equal(weightsSize(join(folder, name)), expected));
});
