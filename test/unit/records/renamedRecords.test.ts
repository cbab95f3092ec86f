/** A record that another process claims while it is looked for is found by one of its two names. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readRecords } from '../../../src/leftBehind/readRecords.ts';
import type { TreeId, WardenId } from '../../../src/protocol/identity.ts';
import { claimName } from '../../../src/records/recordFiles.ts';
import { Records, readRecordFolder } from '../../../src/records/records.ts';
import { exitOf } from '../../support/run.ts';

const tree = '11111111-1111-4111-8111-111111111111' as TreeId;
const claimant = { pid: 3, startTime: 4 };
const member = { pid: 2, startTime: 1 };

/** The folder of a warden with one record. */
class Folder implements Disposable {
  readonly runtime = mkdtempSync(join(tmpdir(), 'tw-renamed-'));
  readonly path: string;
  readonly record: string;
  readonly claim: string;

  constructor() {
    const warden = { warden: '0123abcd' as WardenId, process: { pid: 5, startTime: 6 }, version: '0', workspace: '', window: '' } as const;
    const records = new Records(this.runtime, { ...warden, bootId: 'one', lifetime: 'managed', startedAt: 0, homes: [] });
    const none = { leader: null, group: null, session: null, container: null, detached: null } as const;
    records.writeTree({ ...none, tree, name: 'it', bootId: 'one', startedAt: 0, containment: 'group', members: [member] });
    this.path = records.folder;
    this.record = join(records.folder, `${tree}.tree.json`);
    this.claim = join(records.folder, claimName(tree, claimant));
  }

  [Symbol.dispose](): void {
    rmSync(this.runtime, { recursive: true });
  }
}

/** The identities that are left out of what is offered as left behind. */
function recordedIn({ runtime }: Folder): string[] {
  process.env['TREE_WARDEN_RUNTIME_DIR'] = runtime;
  try {
    return [...readRecords().recorded];
  } finally {
    delete process.env['TREE_WARDEN_RUNTIME_DIR'];
  }
}

describe('the record of a tree', () => {
  it('that is claimed is read with its claimant, and leaves its processes out of what is left behind', () => {
    using folder = new Folder();
    const before = recordedIn(folder);
    assert.equal(before.length, 2);
    renameSync(folder.record, folder.claim);
    assert.deepEqual(
      readRecordFolder(folder.path).trees.map(({ path, claimant }) => [path, claimant]),
      [[folder.claim, claimant]],
    );
    assert.deepEqual(recordedIn(folder), before);
  });

  it('is found in each look while it is claimed and let go again and again', async () => {
    using folder = new Folder();
    const renames = `const { renameSync } = require('node:fs');
      const [one, other] = process.argv.slice(1);
      for (let turn = 0; turn < 2_000_000; turn++) {
        renameSync(one, other);
        renameSync(other, one);
        if (turn === 0) process.stdout.write('begun');
      }`;
    const child = spawn(process.execPath, ['-e', renames, folder.record, folder.claim], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(child.stdout, 'data');
      for (let look = 0; look < 200; look++) {
        assert.equal(readRecordFolder(folder.path).trees.length, 1, `look ${look}`);
        assert.equal(recordedIn(folder).length, 2, `look ${look} for what is left behind`);
      }
      assert.equal(child.exitCode, null, 'it was renamed all the time');
    } finally {
      child.kill('SIGKILL');
      await exitOf(child);
    }
  });
});
