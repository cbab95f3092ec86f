/** Processes that survive a reload of their window, and nothing else, in a real VS Code. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';

/** Seconds, longer than the default: an editor on a machine that is busy can take its time to come back. */
const reloadGrace = 45;

describe('with "treeWarden.onReload": "keep"', () => {
  let editor: Editor;
  before(async () => {
    editor = await Editor.open({ settings: { 'treeWarden.onReload': 'keep', 'treeWarden.reloadGrace': reloadGrace } });
  });
  after(() => editor[Symbol.asyncDispose]());

  it('a reloaded window takes its processes over, output and all, and ends them when it is closed', async () => {
    await editor.showProcesses();
    for (const process of ['web', 'daemon']) await editor.start(process);
    // Its leader, which ends, and what it has on the way to its daemon are not among those that are to live on.
    await editor.waitForRow('daemon', /exited, 2 members left/);
    await eventually('all are up', () => editor.workers.length >= 5);
    const workers = editor.workers.sort();
    const [warden, another] = editor.wardenPids;
    assert.equal(another, undefined, 'one window has one warden');
    await editor.reloadWindow();
    await editor.showProcesses();
    await editor.waitForRow('web', /, live/);
    await editor.waitForRow('daemon', /exited, 2 members left/);
    assert.ok(workers.filter(isAlive).length >= 4, 'the same processes, but for those that come and go');
    assert.deepEqual(editor.wardenPids, [warden], 'the same warden');
    await editor.warden('Show Output', 'web');
    await editor.waitForTerminal(/listening|http/i);
    // Closed, and not reopened: when the time is over no process is left.
    await editor.page.close();
    await eventually('no process is left', () => editor.workers.length === 0, reloadGrace * 1000 + 16_000);
    await eventually('the warden has ended too', () => editor.wardenPids.length === 0);
  });
});
