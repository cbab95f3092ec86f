/** Order, filter, and what needs attention: icon, badge, status bar, and one notification. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

describe('a view of many processes', () => {
  let editor: Editor;
  const labels = async (): Promise<string[]> =>
    (await editor.rowTexts()).filter((text) => !/, (group|member),/.test(text)).map((text) => text.split(',')[0] ?? '');
  before(async () => {
    editor = await Editor.open({
      settings: { 'treeWarden.confirmStopAll': true, 'treeWarden.alerts.cpu': '2%', 'treeWarden.alerts.samples': 3 },
    });
    const spin = 'while :; do :; done';
    const processes = {
      quiet: { command: 'sleep 600' },
      busy: { command: spin, description: 'keeps a core warm' },
      big: { command: ['node', '-e', 'globalThis.kept = Buffer.alloc(150e6, 1); setInterval(() => {}, 1e6)'] },
      broken: { command: 'exit 3' },
    };
    writeFileSync(join(editor.workspace, '.vscode', 'processes.json'), JSON.stringify({ processes }));
    await editor.showProcesses();
    await editor.waitForRow('broken', /idle/);
  });
  after(() => editor[Symbol.asyncDispose]());

  it('tells of a busy tree once, and shows it', async () => {
    for (const name of ['quiet', 'big']) await editor.start(name);
    // What is being started is busy, too. How much a busy one gets is for the machine to say: on one that is full, a few percent.
    await editor.waitForRow('big', /, live, [01]\.\d % {2}1\d\d MB/);
    await editor.start('busy');
    const told = await editor.notification(/^busy: CPU usage is \d+\.\d %, above the threshold of 2\.0 %\.$/);
    await eventually('its row has the icon', async () => (await editor.row('busy').locator('.codicon-warning').count()) === 1);
    await eventually('the badge counts it', async () =>
      /1/.test(await editor.page.locator('.activitybar .badge-content:visible').allInnerTexts().then(String)),
    );
    const item = editor.page.locator('.statusbar-item[id*="tree-warden"]');
    await eventually('the status bar is coloured', async () => /warning/.test((await item.getAttribute('class')) ?? ''));
    await editor.screenshot('attention');
    await editor.hover('busy', 'Needs attention:');
    // What it says is replaced when it is ten seconds old, and an open hover goes then: one that has just been made is there to be read.
    const hover = editor.page.locator('.monaco-hover').filter({ hasText: 'Total' });
    const read = async (): Promise<string> => {
      await editor.page.mouse.move(700, 300);
      await hover.waitFor({ state: 'detached' });
      return await editor.hoverTextOf(item, 'the hover of the status bar item', 'Total');
    };
    const before = await read();
    const oldAt = Date.now() + 12_000;
    let newest = before;
    while (Date.now() < oldAt && newest === before) newest = await read();
    // It is read while figures change.
    const until = Date.now() + 3000;
    while (Date.now() < until) {
      assert.ok(await hover.isVisible(), 'the hover has gone');
      await editor.page.waitForTimeout(100);
    }
    await editor.screenshot('statusbar-hover');
    const [, first = ''] = newest
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean);
    assert.match(first, /^busy/, 'the one that uses most is the first');
    await editor.page.mouse.move(700, 300);
    // A second one would be a flood.
    await editor.page.waitForTimeout(3000);
    // Toasts leave by themselves; all that was told is in the list.
    await editor.command('Notifications: Show Notifications');
    const shown = editor.page.locator('.notifications-center .notification-list-item-message');
    await shown.first().waitFor();
    const ofBusy = (await shown.allInnerTexts()).filter((text) => /\bbusy: /.test(text));
    assert.deepEqual(ofBusy, [told]);
    await editor.page.keyboard.press('Escape');
  });

  it('is sorted as one likes', async () => {
    await eventually('it is in the order of the file', async () => String(await labels()) === 'quiet,busy,big,broken');
    for (const [by, expected] of [
      ['CPU', /^busy/],
      ['Memory', /^big/],
      ['Name', /^big,broken,busy,quiet$/],
      ['Order of processes.json', /^quiet,busy,big,broken$/],
    ] as const) {
      await editor.warden('Sort By…', by);
      await eventually(`it is sorted by ${by}`, async () => expected.test(String(await labels())));
    }
  });

  it('is filtered while one types, until that is taken back', async () => {
    await editor.warden('Filter…');
    const input = editor.page.locator('.quick-input-widget input:visible');
    await input.fill('warm');
    await eventually('one is left', async () => String(await labels()) === 'busy');
    await input.press('Escape');
    await eventually('all are there', async () => (await labels()).length === 4);
    await editor.quickPickGone();
    await editor.warden('Filter…');
    await input.fill('b');
    await input.press('Enter');
    await eventually('three are left', async () => String(await labels()) === 'busy,big,broken');
    await editor.page.locator('.pane-body .message', { hasText: 'Filtered by “b”: 3 shown' }).waitFor();
    await editor.warden('Clear Filter');
    await eventually('all are there', async () => (await labels()).length === 4);
  });

  it('counts what has failed', async () => {
    await editor.warden('Start', 'broken');
    await editor.waitForRow('broken', /, ended, exited with code 3/);
    await eventually('the badge counts both', async () =>
      /2/.test(await editor.page.locator('.activitybar .badge-content:visible').allInnerTexts().then(String)),
    );
    await editor.warden('Kill All');
    const dialog = editor.page.locator('.monaco-dialog-box');
    await dialog.filter({ hasText: 'Kill all 3 processes?' }).filter({ hasText: 'quiet, busy, big' }).waitFor();
    await editor.screenshot('kill-all');
    await editor.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    assert.equal(editor.run.ps().length, 3, 'nothing was ended without an answer');
    await editor.warden('Kill All');
    await dialog.getByRole('button', { name: 'Kill All' }).click();
    await eventually('the status bar is quiet', () => editor.workers.length === 0);
    assert.match(readFileSync(join(editor.workspace, '.vscode', 'processes.json'), 'utf8'), /broken/);
  });
});
