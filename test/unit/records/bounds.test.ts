/** A record is read only as far as it is worth it: whatever is written there, time and memory stay small. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs, {
  chmodSync,
  closeSync,
  constants,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TreeId, WardenId } from '../../../src/protocol/identity.ts';
import { maxRecordBytes } from '../../../src/records/recordFiles.ts';
import { maxMembers, Records, readAllRecords, readRecordFolder, type TreeRecord } from '../../../src/records/records.ts';
import { cpuMillisOf } from '../../support/hostileText.ts';

const tree = '11111111-1111-4111-8111-111111111111' as TreeId;
const warden = '0123abcd' as WardenId;
const identity = { pid: 2, startTime: 1 };

function aFolder(): { readonly runtime: string; readonly records: Records; readonly file: string } & Disposable {
  const runtime = mkdtempSync(join(tmpdir(), 'tw-records-'));
  const records = new Records(runtime, {
    ...{ warden, bootId: 'one', process: identity, version: '0', workspace: '', window: '', lifetime: 'managed', startedAt: 0, homes: [] },
  });
  return {
    runtime,
    records,
    file: join(records.folder, `${tree}.tree.json`),
    [Symbol.dispose]: () => rmSync(runtime, { recursive: true }),
  };
}

const whole: Omit<TreeRecord, 'format' | 'members'> = {
  tree,
  name: 'it',
  bootId: 'one',
  leader: identity,
  group: 2,
  session: 2,
  startedAt: 0,
  containment: 'group',
  container: null,
  detached: null,
};

function recordWith(members: string): string {
  return JSON.stringify({ format: 1, ...whole, members: '@' }).replace('"@"', () => members);
}

/** Fills up to what is read of one record. */
function repeated(item: string): string {
  return `[${`${item},`.repeat(Math.floor((maxRecordBytes - 1000) / (item.length + 1)))}0]`;
}

const hostile: Record<string, () => string> = {
  'millions of empty members': () => recordWith(repeated('{}')),
  'millions of members that are no members': () => recordWith(repeated('1')),
  'a million members in order': () => recordWith(repeated('{"pid":2,"startTime":1}')),
  'members of many keys': () => recordWith(repeated(`{${'"k":1,'.repeat(99)}"k":1}`)),
  depth: () => '['.repeat(maxRecordBytes - 10),
  'depth within a member': () => recordWith(`${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`),
  'objects in objects': () => recordWith(`${'{"a":'.repeat(500_000)}1${'}'.repeat(500_000)}`),
  'a long name': () => JSON.stringify({ format: 1, ...whole, name: 7, members: [], extra: 'x'.repeat(maxRecordBytes / 2) }),
  'many unknown keys': () => `{${Array.from({ length: 200_000 }, (_, index) => `"k${index}":1`).join()}}`,
  'a long number': () => recordWith('9'.repeat(maxRecordBytes - 1000)),
};

describe('a record with', () => {
  for (const [what, text] of Object.entries(hostile))
    it(`${what} costs little, and is complained of in a line`, () => {
      using folder = aFolder();
      writeFileSync(folder.file, text());
      const before = process.memoryUsage().rss;
      let unreadable: readonly string[] = [];
      const millis = cpuMillisOf(() => {
        unreadable = readRecordFolder(folder.records.folder).unreadable;
      });
      assert.equal(unreadable.length, 1);
      assert.ok((unreadable[0]?.length ?? 0) < 500, unreadable[0]);
      assert.ok(millis < 5000, `${millis} ms`);
      assert.ok(process.memoryUsage().rss - before < 400e6, `${process.memoryUsage().rss - before} bytes`);
    });

  for (const megabytes of [40, 400, 40_000])
    it(`${megabytes} MB is not read`, () => {
      using folder = aFolder();
      ftruncateSync(openSync(folder.file, 'w'), megabytes * 1e6);
      const before = process.memoryUsage().rss;
      let unreadable: readonly string[] = [];
      const millis = cpuMillisOf(() => {
        unreadable = readRecordFolder(folder.records.folder).unreadable;
      });
      assert.match(unreadable[0] ?? '', /has \d+ bytes, which is over the limit of/);
      assert.ok(millis < 1000, `${millis} ms`);
      assert.ok(process.memoryUsage().rss - before < 10e6);
    });

  it('as many members as are ever written is read again, and more are not written', () => {
    using folder = aFolder();
    const members = Array.from({ length: maxMembers + 7 }, (_, index) => ({ pid: 4_000_000 + index, startTime: 1e12 + index }));
    folder.records.writeTree({ ...whole, members });
    const { trees, unreadable } = readRecordFolder(folder.records.folder);
    assert.deepEqual(unreadable, []);
    assert.equal(trees[0]?.members.length, maxMembers);
  });
});

describe('records that are no plain files', () => {
  const forms: Record<string, (path: string) => void> = {
    'a pipe': (path) => assert.equal(spawnSync('sh', ['-c', 'mkfifo "$0"', path]).status, 0),
    'a folder': (path) => mkdirSync(path),
    'a link to a device': (path) => symlinkSync('/dev/zero', path),
    'a link to a record': (path) => symlinkSync('warden.json', path),
  };
  for (const [what, make] of Object.entries(forms))
    it(`are set aside at once: ${what}`, () => {
      using folder = aFolder();
      make(folder.file);
      assert.equal(readRecordFolder(folder.records.folder).unreadable.length, 1);
    });
});

describe('a record that is being written', () => {
  it('replaces a link that has its name, and does not write to where that leads', () => {
    using folder = aFolder();
    const other = join(folder.runtime, 'other');
    writeFileSync(other, 'whole');
    symlinkSync(other, `${folder.file}.new`);
    folder.records.writeTree({ ...whole, members: [identity] });
    assert.equal(readFileSync(other, 'utf8'), 'whole');
    assert.deepEqual(readRecordFolder(folder.records.folder).trees[0]?.members, [identity]);
  });

  it('replaces a pipe that has its name, and does not wait for its reader', () => {
    using folder = aFolder();
    const pipe = `${folder.file}.new`;
    assert.equal(spawnSync('sh', ['-c', 'mkfifo "$0"', pipe]).status, 0);
    // With a reader, opening it would not wait for ever, and the test would fail instead of hanging.
    const reader = openSync(pipe, constants.O_RDWR);
    folder.records.writeTree({ ...whole, members: [identity] });
    closeSync(reader);
    assert.deepEqual(readRecordFolder(folder.records.folder).trees[0]?.members, [identity]);
  });
});

describe('a runtime folder', () => {
  it('with more than is read at once says so', () => {
    using folder = aFolder();
    for (let index = 0; index < 5000; index++) writeFileSync(join(folder.runtime, `file-${index}`), '');
    assert.match(readAllRecords(folder.runtime).unreadable[0]?.problem ?? '', /more than 4096 entries/);
  });

  it('with big records reads so many bytes of them, and says which were left', () => {
    using folder = aFolder();
    const big = `${recordWith('[]').slice(0, -1)},"extra":"${'x'.repeat(maxRecordBytes - 1000)}"}`;
    const names = Array.from({ length: 12 }, (_, index) => `${String(index).padStart(8, '0')}${tree.slice(8)}`);
    for (const name of names) writeFileSync(join(folder.records.folder, `${name}.tree.json`), big.replace(tree, name));
    const { trees, unreadable } = readRecordFolder(folder.records.folder);
    assert.equal(trees.length + unreadable.length, 12);
    assert.match(unreadable[0] ?? '', /the records before it reach the limit of \d+ bytes/);
  });

  it('that others may write to is not believed', () => {
    using folder = aFolder();
    chmodSync(folder.records.folder, 0o722);
    assert.match(readAllRecords(folder.runtime).unreadable[0]?.problem ?? '', /other users may write to it/);
  });

  it('loses all of a warden’s records at its end, and nothing else', () => {
    using folder = aFolder();
    folder.records.writeTree({ ...whole, members: [] });
    writeFileSync(join(folder.records.folder, 'letter.txt'), '');
    folder.records.removeAll();
    assert.deepEqual(readdirSync(folder.records.folder), ['letter.txt']);
  });
});

describe('records of wardens that come and go', () => {
  it('are no complaint: a folder that has no record yet, or not any more', () => {
    using folder = aFolder();
    mkdirSync(join(folder.runtime, '89abcdef'));
    assert.deepEqual(readAllRecords(folder.runtime).unreadable, []);
  });

  it('are no complaint: a tree that ends while its folder is read', ({ mock }) => {
    using folder = aFolder();
    folder.records.writeTree({ ...whole, members: [] });
    const open = fs.openSync;
    mock.method(fs, 'openSync', (...call: Parameters<typeof open>) => {
      if (call[0] === folder.file) folder.records.removeTree(tree);
      return open(...call);
    });
    syncBuiltinESMExports();
    try {
      const { trees, unreadable } = readRecordFolder(folder.records.folder);
      assert.deepEqual([trees, unreadable], [[], []]);
    } finally {
      mock.restoreAll();
      syncBuiltinESMExports();
    }
  });

  it('are one where they have been so for long', () => {
    using folder = aFolder();
    const path = join(folder.runtime, '89abcdef');
    mkdirSync(path);
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(path, longAgo, longAgo);
    assert.match(readAllRecords(folder.runtime).unreadable[0]?.problem ?? '', /ENOENT/);
  });
});
