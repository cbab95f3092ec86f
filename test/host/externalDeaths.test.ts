/** What becomes of guarded terminals and of other extensions' children when something is killed under them. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DrivenEditor } from '../support/driver.ts';
import { killAll } from '../support/mcpWindow.ts';
import { eventually } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';
import { printTable } from '../support/table.ts';

describe('what the window had guarded', () => {
  let driven: DrivenEditor;
  const rows: string[][] = [];
  before(async () => {
    driven = await DrivenEditor.open();
  });
  after(async () => {
    await driven[Symbol.asyncDispose]();
    printTable('what was guarded when something was killed', ['', 'killed', 'processes before', 'left'], rows);
  });

  async function windowIsUp(): Promise<void> {
    if (driven.editor.page.isClosed()) await driven.editor.load();
    await driven.editor.showProcesses();
    const answers = (): Promise<boolean> =>
      driven.drive('terminals').then(
        () => true,
        () => false,
      );
    await eventually('the driver is there', answers, 60_000);
  }

  const deaths: readonly (readonly [string, () => Promise<unknown> | unknown, lives: boolean])[] = [
    ['Reload Window', () => driven.editor.reloadWindow(), true],
    ['SIGKILL of the extension host', () => killAll(driven.editor.extensionHostPids), true],
    ['SIGKILL of the warden', () => killAll(driven.editor.wardenPids), false],
    ['SIGKILL of both', () => killAll([...driven.editor.extensionHostPids, ...driven.editor.wardenPids]), false],
    ['closing the page', () => driven.editor.page.close(), false],
  ];
  for (const [how, strike, lives] of deaths)
    it(`a guarded terminal ${lives ? 'lives on after' : 'leaves nothing after'} ${how}`, async () => {
      await windowIsUp();
      for (const name of (await driven.drive('terminals')) as string[]) await driven.drive('killTerminal', { name });
      // As long as a window may take to come back on a busy machine; a closed one does not.
      await driven.drive('set', { name: 'reloadGrace', value: lives ? 120 : 5 });
      await driven.drive('command', { name: 'tree-warden.guardedTerminalByDefault' });
      // The editor reads its profiles again in its own time.
      await eventually('a guarded terminal opens', async () => {
        const name = await driven.drive('terminal', { byDefault: true });
        if (name !== 'guarded') await driven.drive('killTerminal', { name });
        return name === 'guarded';
      });
      await driven.drive('send', { name: 'guarded', text: driven.leaving });
      await driven.running();
      await driven.editor.waitForRow('guarded', /, live, .*guarded/);
      const before = driven.editor.wardenPids;
      const shell = driven.editor.run.ps().find(({ name }) => name === 'guarded')?.leader.pid ?? assert.fail('it is not listed');
      const hosts = driven.editor.extensionHostPids;
      await strike();
      if (lives) {
        // That of before would still take what the driver is told, and be gone before it has answered.
        await eventually('the extension host has ended', () => !hosts.some(isAlive), 60_000);
        await windowIsUp();
        await driven.editor.waitForRow('guarded', /, live, .*guarded by/);
        assert.deepEqual(driven.editor.wardenPids, before);
        await driven.running();
        rows.push(['guarded terminal', how, '3', 'lives on']);
        // Not by its terminal: the editor may open another one beside it, where it had no time to remember this one.
        process.kill(shell, 'SIGKILL');
      }
      await driven.noneIsLeft();
      rows.push(['guarded terminal', lives ? `${how}, then of its shell` : how, '3', '0']);
    });

  for (const guard of ['off', 'on'])
    it(`a detached child of another extension, with the guard ${guard}, when the extension host is killed`, async () => {
      await windowIsUp();
      await driven.drive('set', { name: 'guard.extensions', value: guard });
      await driven.drive('set', { name: 'reloadGrace', value: 1 });
      // What it leaves before it is looked for the first time would not be found.
      const go = join(driven.folder, `go-${guard}`);
      const script = `until [ -e ${go} ]; do sleep 0.1; done; ${driven.leaving}; exec sleep 1000`;
      // With it, there is a warden, and not only other extensions' processes in the view.
      await driven.drive('terminal', { name: 'plain' });
      await driven.editor.waitForRow('plain', /, live, /);
      await driven.drive('child', { script, detached: true });
      await driven.editor.expand('Other Extensions');
      await driven.editor.waitForRow('sh', guard === 'on' ? /, live, .*guarded/ : /, live, /);
      writeFileSync(go, '');
      await driven.running();
      const hosts = driven.editor.extensionHostPids;
      killAll(hosts);
      if (guard === 'on') await driven.noneIsLeft();
      else
        await eventually(
          'the editor has another extension host',
          () => driven.editor.extensionHostPids.some((pid) => !hosts.includes(pid)),
          60_000,
        );
      rows.push(['child of an extension', `SIGKILL of the extension host, guard ${guard}`, '3', String((await driven.left()).length)]);
      if (guard === 'off') await driven.running();
      await driven.killLeft();
    });
});
