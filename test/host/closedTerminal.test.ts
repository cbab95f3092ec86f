/** What the shell of a terminal has put into the background outlives the terminal, and is found by the next window. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { LeftBehindReport } from '../../src/protocol/leftBehind.ts';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

describe('a terminal that was closed', () => {
  let editor: Editor;
  /** Processes that its shell has put into the background, one of them in a session of its own. */
  const sleeping = (): number[] => editor.workers.filter((pid) => readIfThere(`/proc/${pid}/cmdline`).startsWith('sleep\0'));
  before(async () => {
    editor = await Editor.open();
    await editor.showProcesses();
  });
  after(async () => {
    for (const pid of sleeping()) process.kill(pid, 'SIGKILL');
    await editor[Symbol.asyncDispose]();
  });

  it('has left behind what its shell had put into the background, and not before it was closed', async () => {
    await editor.command('Terminal: Create New Terminal');
    await editor.waitForTerminal(/[#$]\s*$/);
    await editor.typeIntoTerminal('sleep 700 & setsid sleep 800 &\n');
    await eventually('both run', () => sleeping().length === 2);
    const find = (): { pid: number; reason: string }[] => {
      const { stdout } = editor.run.call(['left-behind', '--json', editor.workspace]);
      return (JSON.parse(stdout) as LeftBehindReport).found.map(({ pid, reason }) => ({ pid, reason }));
    };
    assert.deepEqual(find(), [], 'a terminal that is open has left nothing');
    await editor.typeIntoTerminal('exit\n');
    await eventually('both are left behind', () => find().length === 2);
    assert.deepEqual(
      find().map(({ reason }) => reason),
      ['windowGone', 'windowGone'],
    );
    await editor.page.close();
    await editor.load();
    await editor.notification(/^2 processes of this workspace were left behind: sleep, sleep\.$/);
    await editor.press(/left behind/, 'Show…');
    await editor.entry('sleep').waitFor();
    await editor.page.locator('.quick-input-widget .monaco-button:visible', { hasText: 'OK' }).click();
    await editor.pick('Kill');
    await eventually('both have ended', () => sleeping().length === 0);
  });
});

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
