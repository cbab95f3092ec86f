import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { folderLabels, type NamedEntry, nameInWindow, WindowNames } from '../../../src/extension/windowNames.ts';
import { nameProblem } from '../../../src/protocol/names.ts';

describe('labels of folders', () => {
  const cases: [string, readonly [string, string][], readonly string[]][] = [
    [
      'are their names',
      [
        ['a', '/x/a'],
        ['b', '/x/b'],
      ],
      ['a', 'b'],
    ],
    [
      'have as much of the path as tells them apart',
      [
        ['app', '/x/one/app'],
        ['app', '/x/two/app'],
        ['b', '/b'],
      ],
      ['one/app', 'two/app', 'b'],
    ],
    [
      'go up the path',
      [
        ['app', '/1/x/app'],
        ['app', '/2/x/app'],
      ],
      ['1/x/app', '2/x/app'],
    ],
    [
      'are the whole path where one is the end of the other',
      [
        ['app', '/app'],
        ['app', '/x/app'],
      ],
      ['app', 'x/app'],
    ],
    [
      'go by the path where the workspace file gives two the same name',
      [
        ['same', '/x/a'],
        ['same', '/x/b'],
      ],
      ['a', 'b'],
    ],
  ];
  for (const [what, folders, labels] of cases) {
    it(what, () => assert.deepEqual(folderLabels(folders.map(([name, path]) => ({ name, path }))), labels));
  }
});

describe('names in a window', () => {
  const entry = (folder: string, written: string): NamedEntry => ({ key: `${folder}#${written}`, written, folder });
  const named = (names: WindowNames, entries: readonly NamedEntry[]): Record<string, string | undefined> => {
    names.assign(entries);
    return Object.fromEntries(entries.map(({ key }) => [key, names.of(key)]));
  };
  const [ours, theirs] = [entry('a', 'web'), entry('b', 'web')];

  it('have the folder in front where several folders have them', () => {
    assert.deepEqual(named(new WindowNames(() => false), [ours, theirs, entry('b', 'db')]), {
      'a#web': 'a/web',
      'b#web': 'b/web',
      'b#db': 'db',
    });
  });

  it('are legal, whatever the folder is called', () => {
    for (const folder of ['my app (old)', '…', 'x'.repeat(200)]) {
      const [name = ''] = Object.values(named(new WindowNames(() => false), [{ ...ours, folder }, theirs]));
      assert.equal(nameProblem(name), undefined, name);
      assert.ok(name.endsWith('/web'));
    }
  });

  it('stay for as long as something runs under them', () => {
    const running = new Set(['web']);
    const names = new WindowNames((name) => running.has(name));
    assert.deepEqual(named(names, [ours]), { 'a#web': 'web' });
    assert.deepEqual(named(names, [ours, theirs]), { 'a#web': 'web', 'b#web': 'b/web' }, 'a folder was added');
    running.add('b/web');
    assert.deepEqual(named(names, [theirs]), { 'b#web': 'b/web' }, 'the first one was removed');
    assert.deepEqual(named(names, [ours, theirs]), { 'a#web': 'web', 'b#web': 'b/web' }, 'and added again');
    running.clear();
    assert.deepEqual(named(names, [theirs]), { 'b#web': 'web' });
  });

  it('are never those of what still runs of a folder that was removed', () => {
    const running = new Set(['web']);
    const names = new WindowNames((name) => running.has(name));
    named(names, [ours]);
    assert.deepEqual(named(names, [theirs]), { 'b#web': 'b/web' });
    running.clear();
    assert.deepEqual(named(names, [theirs]), { 'b#web': 'web' });
  });

  it('are unique where one is written as another one with its folder', () => {
    const names = named(new WindowNames(() => false), [ours, theirs, entry('c', 'a/web')]);
    assert.equal(new Set(Object.values(names)).size, 3);
  });
});

describe('the name in the window of what a file names', () => {
  const processes = [
    { written: 'db', name: 'app/db' },
    { written: 'model:odd', name: 'app/model:odd' },
  ];
  const models = [
    { written: 'coder', name: 'app/coder' },
    { written: 'db', name: 'app/db' },
    { written: 'odd', name: 'app/odd' },
  ];
  const cases: readonly (readonly [string, string, string])[] = [
    ['of a process', 'db', 'app/db'],
    ['of a model, where a dependency names it', 'model:coder', 'model:app/coder'],
    ['of a process that looks like one', 'model:odd', 'app/model:odd'],
    ['is the same where the file declares no such process', 'coder', 'coder'],
    ['is the same where the file declares no such model', 'model:other', 'model:other'],
  ];
  const lookUp = (all: typeof processes) => (written: string) => all.find((one) => one.written === written)?.name;
  const file = { process: lookUp(processes), model: lookUp(models) };
  for (const [what, written, expected] of cases) it(what, () => assert.equal(nameInWindow(written, file), expected));
});
