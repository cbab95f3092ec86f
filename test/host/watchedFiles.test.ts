/** A process whose files are watched: what its row says, and how watching is paused. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { linesIn } from '../support/declared.ts';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

const processes = {
  api: { command: 'echo start >> starts; sleep 1000', pty: false, watch: ['src/**'] },
  worker: { command: 'echo start > src/gen.ts; sleep 1000', pty: false },
};

describe('a process whose files are watched', () => {
  let editor: Editor;
  const file = (name: string): string => join(editor.workspace, name);
  const starts = (): number => linesIn(editor.workspace, 'starts').length;
  before(async () => {
    editor = await Editor.ofProcesses(processes, (folder) => {
      for (const name of ['src', '.git']) mkdirSync(join(folder, name));
      writeFileSync(join(folder, 'src/a.ts'), '');
    });
  });
  after(() => editor[Symbol.asyncDispose]());

  it('says in its row by which change it was restarted', async () => {
    await editor.warden('Start', 'api');
    await eventually('it runs', () => starts() === 1);
    await editor.waitForRow('api', /live/);
    writeFileSync(file('src/a.ts'), 'changed');
    await editor.waitForRow('api', /restarted: src\/a\.ts changed/);
    await eventually('it has begun again', () => starts() === 2);
    await editor.screenshot('restarted by a change');
  });

  it('says what a change waits for', async () => {
    writeFileSync(file('.git/MERGE_HEAD'), '');
    writeFileSync(file('src/b.ts'), '');
    await editor.waitForRow('api', /waits for the end of a merge/);
    assert.equal(starts(), 2);
    rmSync(file('.git/MERGE_HEAD'));
    await editor.waitForRow('api', /restarted: src\/b\.ts changed/);
    await eventually('it has begun again', () => starts() === 3);
  });

  it('is left alone while watching is paused', async () => {
    await editor.warden('Pause Watching', 'api');
    await editor.waitForRow('api', /watching paused/);
    writeFileSync(file('src/a.ts'), 'changed again');
    await editor.screenshot('watching paused');
    await editor.warden('Resume Watching', 'api');
    await editor.waitForRow('api', /restarted: src\/b\.ts changed/);
    writeFileSync(file('src/c.ts'), '');
    await editor.waitForRow('api', /restarted: src\/c\.ts changed/);
    await eventually('it has begun again', () => starts() === 4);
  });

  it('has a mistake in its globs underlined', async () => {
    const watch = ['!src/**'];
    writeFileSync(file('.vscode/processes.json'), JSON.stringify({ processes: { ...processes, api: { ...processes.api, watch } } }));
    await editor.waitForRow('api', /mistake in processes\.json: .*only takes files away/);
  });
});
