/** What ends by itself: as a row, in its hover, and as the list of its runs, also in a window that has been loaded anew. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Editor } from '../support/editor.ts';

const processes = {
  sync: {
    command: 'echo copied 12 files; test -e broken && { echo no such host >&2; exit 12; }; exit 24',
    pty: false,
    successExitCodes: [0, 24],
  },
  build: { command: 'echo built; exit 0', pty: false },
  other: { command: 'exit 0', pty: false },
};

describe('what has ended', () => {
  let editor: Editor;
  const file = (name: string): string => join(editor.workspace, name);
  before(async () => {
    editor = await Editor.ofProcesses(processes);
  });
  after(() => editor[Symbol.asyncDispose]());

  it('well is shown as a success, and with another exit code than those, as a failure', async () => {
    await editor.warden('Start', 'build');
    await editor.waitForRow('build', /, ended, succeeded$/);
    await editor.warden('Start', 'sync');
    await editor.waitForRow('sync', /, ended, succeeded, exited with code 24$/);
    await editor.screenshot('runs succeeded');
    writeFileSync(file('broken'), '');
    await editor.warden('Start', 'sync');
    await editor.waitForRow('sync', /, ended, exited with code 12$/);
    await editor.hover('sync', 'no such host');
    await editor.screenshot('runs failed');
    assert.ok(existsSync(file('broken')));
  });

  it('is listed with when, how and why, and one of them is shown with its last output', async () => {
    await editor.reloadWindow();
    await editor.showProcesses();
    await editor.waitForRow('sync', /idle/);
    await editor.hover('sync', 'no such host');
    await editor.screenshot('runs last run');
    await editor.warden('Show Runs', 'sync');
    const entries = editor.page.locator('.quick-input-list .monaco-list-row');
    await entries.filter({ hasText: 'exited with code 24' }).waitFor();
    await editor.screenshot('runs list');
    assert.match(await entries.nth(0).innerText(), /failed.*exited with code 12/s);
    assert.match(await entries.nth(1).innerText(), /succeeded.*exited with code 24/s);
    await entries.nth(1).click();
    await editor.page.locator('.view-lines', { hasText: 'copied' }).waitFor();
    await editor.screenshot('runs output');
  });

  it('never is listed as nothing', async () => {
    await editor.warden('Show Runs', 'other');
    await editor.notification(/“other” has not run yet/);
  });
});
