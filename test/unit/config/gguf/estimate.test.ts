import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { cacheSize, estimateMemory } from '../../../../src/config/gguf/estimate.ts';
import { GgufError, readGgufHeader } from '../../../../src/config/gguf/header.ts';
import { writeTinyModel } from '../../../support/gguf.ts';
import { holdsFor } from '../../../support/property.ts';

/** Of the tiny model: two layers, four heads of 16 numbers, keys and values, two bytes each. */
const tinyBytesPerToken = 2 * 4 * (16 + 16) * 2;

describe('the memory that a model is thought to take', () => {
  let folder = '';
  let tiny = '';

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'estimate-'));
    tiny = join(folder, 'tiny.gguf');
    writeTinyModel(tiny);
  });
  after(() => rmSync(folder, { recursive: true }));

  it('is that of its file and of its cache, for the declared context or the one that it was trained for', () => {
    const { size } = statSync(tiny);
    assert.equal(estimateMemory(tiny, 4096), size + 4096 * tinyBytesPerToken);
    assert.equal(estimateMemory(tiny, undefined), size + 512 * tinyBytesPerToken);
  });

  it('is that of all files of a model that is split', () => {
    const [first, second, third] = [1, 2, 3].map((part) => join(folder, `big-0000${part}-of-00003.gguf`)) as [string, string, string];
    writeTinyModel(first);
    writeFileSync(second, Buffer.alloc(1000));
    writeFileSync(third, Buffer.alloc(500));
    assert.equal(estimateMemory(first, 1), statSync(first).size + 1500 + tinyBytesPerToken);
    rmSync(third);
    assert.equal(estimateMemory(first, 1), undefined, 'a part is missing');
  });

  it('is a tenth more than the file where that does not say what it is', () => {
    const other = join(folder, 'weights.safetensors');
    writeFileSync(other, Buffer.alloc(1000));
    assert.equal(estimateMemory(other, 4096), 1100);
  });

  it('is not known without a file', () => {
    mkdirSync(join(folder, 'directory'));
    for (const path of [join(folder, 'missing'), join(folder, 'directory'), '/dev/null'])
      assert.equal(estimateMemory(path, 1), undefined, path);
  });

  it('is read of the header alone: the file may end behind it', () => {
    const cut = join(folder, 'cut.gguf');
    writeFileSync(cut, readFileSync(tiny));
    truncateSync(cut, 2000);
    assert.equal(estimateMemory(cut, 100), 2000 + 100 * tinyBytesPerToken);
  });

  it('follows what the header says of heads and layers', () => {
    const header = (numbers: Record<string, number | number[]>) => ({
      architecture: 'x',
      numbers: new Map(
        Object.entries({ block_count: 32, context_length: 8192, embedding_length: 4096, 'attention.head_count': 32, ...numbers }).map(
          ([key, value]) => [`x.${key}`, Array.isArray(value) ? { sum: sumOf(value), length: value.length } : { sum: value }] as const,
        ),
      ),
    });
    // Llama 3 8B at 8192 tokens: 1 GB, as llama-server prints it.
    assert.equal(cacheSize(header({ 'attention.head_count_kv': 8 }), undefined), 2 ** 30);
    assert.equal(cacheSize(header({}), undefined), 2 ** 32, 'without grouped queries');
    assert.equal(cacheSize(header({ 'attention.head_count_kv': [8, 8, 0, 0] }), 8192), 2 ** 26, 'layers without a cache');
    assert.equal(
      cacheSize(header({ 'attention.head_count_kv': 8, 'attention.key_length': 256, 'attention.value_length': 256 }), 8192),
      2 ** 31,
    );
    assert.equal(cacheSize({ architecture: 'x', numbers: new Map() }, 8192), undefined);
    assert.equal(cacheSize(header({ 'attention.head_count_kv': 2 ** 40 }), 2 ** 40), undefined, 'a number that no machine has');
  });

  it('is refused in one sentence by a header that is none, whatever is in it', async () => {
    const whole = readFileSync(tiny).subarray(0, 4000);
    const damages = fc.array(fc.tuple(fc.nat({ max: 1200 }), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 20 });
    await holdsFor(fc.tuple(damages, fc.nat({ max: 4000 })), ([damaged, length]) => {
      const bytes = Buffer.from(whole.subarray(0, length));
      for (const [at, value] of damaged) if (at < bytes.length) bytes[at] = value;
      try {
        readGgufHeader(bytes);
      } catch (error) {
        assert.ok(error instanceof GgufError, String(error));
      }
    });
  });
});

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0);
}
