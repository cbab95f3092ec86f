/** What may serve as the folder for runtime records, and what is never touched. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openRuntimeFolder } from '../../../src/records/runtimeFolder.ts';
import { sweep } from '../../../src/warden/ending/reaper.ts';
import { inertPlatform } from '../../support/inertPlatform.ts';

function scratch(): { readonly folder: string } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), 'tw-records-'));
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Everything in a folder, with modes. */
function picture(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return ['.', ...names].map((name) => `${name} ${lstatSync(join(folder, name)).mode.toString(8)}`);
}

const before = new Date('2001-01-01');
const tree = '11111111-1111-4111-8111-111111111111';

describe('a folder that holds something else', () => {
  const contents: Record<string, (folder: string) => void> = {
    'a document': (folder) => writeFileSync(join(folder, 'letter.txt'), 'dear'),
    'a hidden file': (folder) => writeFileSync(join(folder, '.profile'), ''),
    'a folder': (folder) => mkdirSync(join(folder, 'Projects')),
    'a folder with a name of ours and another file in it': (folder) => {
      mkdirSync(join(folder, '0123abcd'));
      writeFileSync(join(folder, '0123abcd', 'photo.jpg'), '');
    },
    'a folder in a folder with a name of ours': (folder) => mkdirSync(join(folder, '0123abcd', 'warden.json'), { recursive: true }),
    'a file with a name of ours': (folder) => writeFileSync(join(folder, '0123abcd'), ''),
    'a link with a name of ours': (folder) => symlinkSync('/nowhere', join(folder, '0123abcd')),
    'records and a document': (folder) => {
      mkdirSync(join(folder, '0123abcd'));
      writeFileSync(join(folder, '0123abcd', 'warden.json'), '');
      writeFileSync(join(folder, 'letter.txt'), 'dear');
    },
  };
  for (const [what, fill] of Object.entries(contents))
    it(`is refused and left as it is: ${what}`, () => {
      using place = scratch();
      fill(place.folder);
      chmodSync(place.folder, 0o755);
      for (const name of readdirSync(place.folder))
        if (!lstatSync(join(place.folder, name)).isSymbolicLink()) utimesSync(join(place.folder, name), before, before);
      const seen = picture(place.folder);
      assert.throws(
        () => openRuntimeFolder(place.folder),
        /cannot be the folder for runtime records: it holds something else \('.+'\)\. Nothing in it was changed\. Set TREE_WARDEN_RUNTIME_DIR/,
      );
      assert.deepEqual(picture(place.folder), seen);
    });
});

describe('a folder that cannot serve', () => {
  const cases: [string, (folder: string) => string, RegExp][] = [
    ['a relative path', () => 'runtime', /'runtime', is not an absolute path/],
    ['a path that is too long for a socket', (folder) => join(folder, 'x'.repeat(100)), /\d+ bytes too long for the sockets in it/],
    ['long in bytes, not in characters', (folder) => join(folder, 'ü'.repeat(40)), /bytes too long/],
    ['a name that no file system takes', () => `/${'x'.repeat(300)}`, /too long/],
    [
      'a file',
      (folder) => {
        writeFileSync(join(folder, 'f'), '');
        return join(folder, 'f');
      },
      /is not a folder of this user/,
    ],
    [
      'below a file',
      (folder) => {
        writeFileSync(join(folder, 'f'), '');
        return join(folder, 'f', 'x');
      },
      /The folder for runtime records, .*, cannot be created/s,
    ],
    [
      'a link to a folder',
      (folder) => {
        mkdirSync(join(folder, 'd'));
        symlinkSync(join(folder, 'd'), join(folder, 'l'));
        return join(folder, 'l');
      },
      /is not a folder of this user/,
    ],
    [
      'a link to nothing',
      (folder) => {
        symlinkSync(join(folder, 'gone'), join(folder, 'l'));
        return join(folder, 'l');
      },
      /is not a folder of this user/,
    ],
    ['a name with a zero byte', (folder) => `${folder}/a\0b`, /The folder for runtime records, .*, cannot be created/s],
    [
      'one that others may write to',
      (folder) => {
        mkdirSync(join(folder, 'd'));
        chmodSync(join(folder, 'd'), 0o777);
        return join(folder, 'd');
      },
      /Other users may write to/,
    ],
  ];
  for (const [what, make, expected] of cases)
    it(`is refused with a sentence: ${what}`, () => {
      using place = scratch();
      assert.throws(
        () => openRuntimeFolder(make(place.folder)),
        (error: Error) => expected.test(error.message) && /TREE_WARDEN_RUNTIME_DIR/.test(error.message),
      );
    });
});

describe('a folder that cannot be read', () => {
  const isRoot = process.getuid?.() === 0;

  it('is refused with a sentence', () => {
    using place = scratch();
    const path = join(place.folder, 'd');
    mkdirSync(path, { mode: 0 });
    // Root can read any folder; its effective user may be another one.
    if (isRoot) chmodSync(place.folder, 0o755);
    if (isRoot) process.seteuid?.(65_534);
    try {
      assert.throws(() => openRuntimeFolder(path), /The folder for runtime records, .*, cannot be read: .*EACCES.*TREE_WARDEN_RUNTIME_DIR/);
    } finally {
      if (isRoot) process.seteuid?.(0);
      chmodSync(path, 0o700);
    }
  });
});

describe('a folder that may serve', () => {
  it('is made for this user alone, with those above it', () => {
    using place = scratch();
    const path = openRuntimeFolder(join(place.folder, 'a', 'b'));
    assert.equal(statSync(path).mode & 0o777, 0o700);
    assert.equal(openRuntimeFolder(path), path);
  });

  it('is taken as it is where it is empty or holds nothing but records', () => {
    using place = scratch();
    chmodSync(place.folder, 0o755);
    mkdirSync(join(place.folder, '0123abcd'));
    writeFileSync(join(place.folder, '0123abcd', 'warden.json'), 'rubbish');
    const seen = picture(place.folder);
    assert.equal(openRuntimeFolder(place.folder), place.folder);
    assert.deepEqual(picture(place.folder), seen);
  });

  it('was made by us: what others put into it later is ignored, and its mode mended', () => {
    using place = scratch();
    const path = openRuntimeFolder(join(place.folder, 'ours'));
    writeFileSync(join(path, 'letter.txt'), 'dear');
    for (const mode of [0o1755, 0o1000]) {
      chmodSync(path, mode);
      assert.equal(openRuntimeFolder(path), path);
      assert.equal(statSync(path).mode & 0o777, 0o700);
    }
    assert.ok(existsSync(join(path, 'letter.txt')));
  });
});

describe('a sweep', () => {
  it('removes from a folder of an earlier boot what carries our names, and nothing else', async () => {
    using place = scratch();
    const fill = (folder: string, ...files: string[]): void => {
      mkdirSync(join(place.folder, folder), { recursive: true });
      for (const file of files) writeFileSync(join(place.folder, folder, file), 'x');
      utimesSync(join(place.folder, folder), before, before);
    };
    fill('00000001', 'warden.json', `${tree}.tree.json`, `${tree}.tree.json.new`, 'warden.sock');
    fill('00000002', 'warden.json', 'letter.txt');
    fill('Documents', 'letter.txt', 'warden.json');
    fill('.ssh', 'id_ed25519');
    await sweep(inertPlatform, place.folder);
    assert.deepEqual(readdirSync(place.folder, { recursive: true, encoding: 'utf8' }).sort(), [
      '.ssh',
      '.ssh/id_ed25519',
      '00000002',
      '00000002/letter.txt',
      'Documents',
      'Documents/letter.txt',
      'Documents/warden.json',
    ]);
  });
});
