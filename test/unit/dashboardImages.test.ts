import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ImageList } from '../../src/dashboard/imageList.ts';
import { maxImageBytes, maxImages } from '../../src/protocol/modelPages.ts';

interface TestFile {
  readonly name: string;
  readonly type: string;
  readonly size: number;
}

const image = (name: string, changes: Partial<TestFile> = {}): TestFile => ({ name, type: 'image/png', size: 1, ...changes });

/** A list whose files are read when the test says so. */
function aList() {
  const reads = new Map<string, () => void>();
  const list = new ImageList<TestFile>(({ name }) => new Promise((resolve) => reads.set(name, () => resolve(`data:${name}`))));
  return { list, reads, names: () => list.all.map(({ name }) => name) };
}

describe('the images of a prompt', () => {
  it('are all there when others are added while the first ones are read', async () => {
    const { list, reads, names } = aList();
    const first = list.add([image('a')]);
    const second = list.add([image('b')]);
    reads.get('b')?.();
    assert.deepEqual(await second, []);
    reads.get('a')?.();
    assert.deepEqual(await first, []);
    assert.deepEqual(names(), ['b', 'a']);
  });

  it('stay removed when one is removed while another one is read', async () => {
    const { list, reads, names } = aList();
    const first = list.add([image('a')]);
    reads.get('a')?.();
    await first;
    const second = list.add([image('b')]);
    for (const one of list.all) list.remove(one);
    reads.get('b')?.();
    await second;
    assert.deepEqual(names(), ['b']);
  });

  it('are never more than there may be, however many are read at the same time', async () => {
    const { list, reads, names } = aList();
    const adding = Array.from({ length: maxImages + 2 }, (_, index) => list.add([image(`${index}`)]));
    for (const read of reads.values()) read();
    const problems = (await Promise.all(adding)).flat();
    assert.equal(names().length, maxImages);
    assert.deepEqual(problems, [
      { text: 'tooManyImages', values: [`${maxImages}`] },
      { text: 'tooManyImages', values: [`${maxImages + 1}`] },
    ]);
  });

  it('leave out what cannot be added, each with its reason, and take the others', async () => {
    const list = new ImageList<TestFile>(async ({ name }) => {
      if (name === 'locked.png') throw new DOMException('The file could not be read.', 'NotReadableError');
      return `data:${name}`;
    });
    const files = [image('text', { type: 'text/plain' }), image('large', { size: maxImageBytes + 1 }), image('locked.png'), image('good')];
    assert.deepEqual(await list.add(files), [
      { text: 'imageKind', values: ['text'] },
      { text: 'imageTooLarge', values: ['large'] },
      { text: 'imageUnreadable', values: ['locked.png', 'The file could not be read.'] },
    ]);
    assert.deepEqual(list.all, [{ name: 'good', url: 'data:good' }]);
  });
});
