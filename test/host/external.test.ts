/** What VS Code starts: shown, told of when it leaves something, and ended whole where it is guarded. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DrivenEditor } from '../support/driver.ts';
import { eventually } from '../support/run.ts';
import { printTable } from '../support/table.ts';

describe('what VS Code starts', () => {
  let driven: DrivenEditor;
  const rows: string[][] = [];
  before(async () => {
    driven = await DrivenEditor.open();
    await driven.editor.showProcesses();
    await driven.drive('terminals');
  });
  after(async () => {
    await driven[Symbol.asyncDispose]();
    printTable('what VS Code starts: processes left of three', ['', 'guard off', 'ask, before Kill', 'on'], rows);
  });

  const kinds: readonly (readonly [string, string, (name: string) => Promise<unknown>, (name: string) => Promise<unknown>])[] = [
    [
      'task',
      'guard.tasks',
      (name) => driven.drive('task', { name, script: `${driven.leaving}; sleep 1000` }),
      (name) => driven.drive('terminateTask', { name }),
    ],
    [
      'terminal',
      'guard.terminals',
      (name) => driven.drive('terminal', { name, text: driven.leaving }),
      (name) => driven.drive('killTerminal', { name }),
    ],
    [
      'debug session',
      'guard.debug',
      (name) => driven.drive('debug', { name, program: join(driven.folder, 'program.js'), console: 'internalConsole' }),
      () => driven.drive('stopDebugging'),
    ],
  ];
  for (const [what, setting, start, end] of kinds) {
    const counts: string[] = [];
    const begin = async (guard: 'off' | 'ask' | 'on', row: RegExp): Promise<string> => {
      const name = `${what} ${guard}`.replaceAll(' ', '-');
      await driven.drive('set', { name: setting, value: guard });
      await start(name);
      await driven.running();
      await driven.editor.waitForRow(name, row);
      await driven.editor.screenshot(`external ${name}`);
      return name;
    };

    it(`a ${what} is only shown where it is not guarded`, async () => {
      const name = await begin('off', /, live, /);
      await end(name);
      const isLive = async (): Promise<boolean> => (await driven.editor.rowTexts()).some((row) => row.startsWith(`${name}, live`));
      await eventually('its end is seen', async () => !(await isLive()));
      const left = await driven.left();
      assert.ok(left.length > 0, 'the editor itself leaves some');
      counts.push(String(left.length));
      await driven.killLeft();
    });

    it(`what a ${what} leaves is told of`, async () => {
      const name = await begin('ask', /, live, /);
      await end(name);
      const message = await driven.editor.notification(new RegExp(`^“${name}” has ended.* still running: `));
      assert.match(message, /tail \(pid \d+\)/);
      await driven.editor.screenshot(`external ${name} left`);
      counts.push(String((await driven.left()).length));
      await driven.editor.press(new RegExp(name), 'Kill');
      await driven.noneIsLeft();
    });

    it(`a ${what} that is guarded leaves nothing`, async () => {
      const name = await begin('on', /, live, .*guarded/);
      await end(name);
      await driven.noneIsLeft();
      rows.push([what, ...counts, '0']);
    });
  }
});
