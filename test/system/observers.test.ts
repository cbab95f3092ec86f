/** What the warden looks at besides who is alive may fail: its trees go on. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Run } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

describe('a warden', () => {
  it('outlives commands that end between two looks, where figures come from ps', async () => {
    await using warden = await TestWarden.start({ TREE_WARDEN_PLATFORM: 'portable' });
    const { id } = await warden.startShell('while :; do /bin/true; done', { containment: 'group' });
    for (let looks = 0; looks < 10; looks++) await warden.client.list();
    assert.equal((await warden.tree(id)).state, 'ready');
    assert.ok(isAlive(warden.process.pid));
    await warden.stop(id, true);
  });

  it('outlives folders of others that it can do nothing with', async () => {
    await using run = new Run();
    const folder = join(run.runtimeFolder, '0badf00d');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(run.runtimeFolder, 0o700);
    writeFileSync(join(folder, 'warden.json'), '{', { mode: 0o600 });
    const { code, stdout } = run.call(['run', '--', 'echo', 'hello']);
    assert.deepEqual([code, stdout], [0, 'hello\n']);
  });
});
