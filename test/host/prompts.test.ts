/** A process that waits for an answer, in the view, the status bar and its terminal. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

it('a process that asks is shown and counted, until it has its answer', async () => {
  await using editor = await Editor.open({});
  const processes = {
    setup: { command: 'printf \'Name? \'; read -r x; echo "hello $x"; exec sleep 600' },
    other: { command: 'exec sleep 600' },
  };
  writeFileSync(join(editor.workspace, '.vscode', 'processes.json'), JSON.stringify({ processes }));
  await editor.showProcesses();
  await editor.waitForRow('setup', /idle/);
  const item = editor.page.locator('.statusbar-item[id*="tree-warden"]').first();
  const counts = async (): Promise<boolean> => /1 waits for input/.test(await item.innerText());
  await editor.start('setup');
  await editor.waitForRow('setup', /waits for input: Name\?/);
  await editor.waitForTerminal(/Name\?/);
  await editor.screenshot('prompt-1');
  await eventually('its row has the icon', async () => (await editor.row('setup').locator('.codicon-question').count()) === 1);
  await eventually('its terminal is in front', async () => !(await counts()));
  await editor.start('other');
  await editor.waitForRow('other', /live/);
  await eventually('the status bar counts it', counts);
  await eventually('the badge counts it', async () =>
    /1/.test(await editor.page.locator('.activitybar .badge-content:visible').allInnerTexts().then(String)),
  );
  await editor.screenshot('prompt-2');
  await editor.row('setup').click();
  await eventually('its terminal is in front', async () => !(await counts()));
  await editor.page.locator('.terminal-wrapper.active').click();
  await editor.page.keyboard.type('me\n');
  await editor.waitForRow('setup', /^setup, live, (?!waits)/);
  await editor.screenshot('prompt-3');
});
