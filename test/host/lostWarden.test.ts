/** A warden that is killed under its window, in a real VS Code. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

describe('a warden that is lost', () => {
  let editor: Editor;
  before(async () => {
    editor = await Editor.open();
  });
  after(() => editor[Symbol.asyncDispose]());

  it('is said, and replaced', async () => {
    await editor.load();
    await editor.showProcesses();
    await editor.start('stubborn');
    const [warden] = editor.wardenPids;
    assert.ok(warden);
    process.kill(warden, 'SIGKILL');
    assert.match(
      await editor.notification(/background process/),
      /ended unexpectedly, and these processes were stopped: stubborn\. The next start uses a new one\./,
    );
    await eventually('there is a new one', () => editor.wardenPids.some((pid) => pid !== warden));
    await editor.start('stubborn');
    await editor.warden('Kill Now', 'stubborn');
    await editor.waitForRow('stubborn', /, ended, killed by the user/);
  });
});
