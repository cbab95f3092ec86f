/** A window that ends, in every way: no process of its trees may be left one second after the grace. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Editor } from '../support/editor.ts';
import { killAll } from '../support/mcpWindow.ts';
import { eventually } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';
import { printTable } from '../support/table.ts';

/** The longest stop of the sample: SIGINT 3 s, SIGTERM 2 s, SIGKILL. */
const graceMillis = 5000;

describe('no process outlives', () => {
  let editor: Editor;
  const rows: string[][] = [];
  before(async () => {
    editor = await Editor.open();
  });
  after(async () => {
    await editor[Symbol.asyncDispose]();
    printTable('survivors in a real VS Code', ['the window ends by', 'processes before', 'survivors', 'seconds until zero'], rows);
  });

  const deaths: [string, () => Promise<void> | void][] = [
    ['Reload Window', () => editor.command('Developer: Reload Window')],
    ['closing the page', () => editor.page.close()],
    ['SIGKILL of the extension host', () => killAll(editor.extensionHostPids)],
    ['SIGKILL of the warden', () => killAll(editor.wardenPids)],
    ['SIGKILL of both', () => killAll([...editor.extensionHostPids, ...editor.wardenPids])],
  ];
  for (const [name, strike] of deaths) {
    it(name, async () => {
      await editor.load();
      await editor.showProcesses();
      for (const process of ['web', 'daemon', 'stubborn']) await editor.start(process);
      // Its own: that of the window before may still be about to end.
      const warden = editor.run.ps().find(({ name }) => name === 'stubborn')?.warden.pid;
      assert.ok(warden);
      const count = await eventually('all are up', () => (editor.workers.length >= 8 ? editor.workers.length : undefined));
      const guards = [warden, parentOf(warden)];
      await strike();
      // Not by the end of a worker: some come and go.
      await eventually('the window has ended, or its warden', () => !guards.every(isAlive), 30_000);
      const endedAt = Date.now();
      await eventually('no process is left', () => editor.workers.length === 0, graceMillis + 1000);
      rows.push([name, String(count), String(editor.workers.length), ((Date.now() - endedAt) / 1000).toFixed(2)]);
      await eventually('the warden has ended too', () => !editor.wardenPids.includes(warden));
    });
  }
});

/** Of a warden: the extension host that has started it. */
function parentOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[1]);
}
