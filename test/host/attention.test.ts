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
    editor = await Editor.open({ settings: { 'tree-warden.alerts.cpu': '50%', 'tree-warden.alerts.samples': 3 } });
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
    for (const name of ['quiet', 'big', 'busy']) await editor.start(name);
    const told = await editor.notification(/^busy: \d+\.\d % of a core, more than 50\.0 % of a core\.$/);
    await eventually('its row has the icon', async () => (await editor.row('busy').locator('.codicon-warning').count()) === 1);
    await eventually('the badge counts it', async () =>
      /1/.test(await editor.page.locator('.activitybar .badge-content:visible').allInnerTexts().then(String)),
    );
    const item = editor.page.locator('.statusbar-item[id*="tree-warden"]');
    await eventually('the status bar is coloured', async () => /warning/.test((await item.getAttribute('class')) ?? ''));
    await editor.screenshot('attention');
    await editor.hover('busy', 'Needs attention:');
    await item.hover();
    const hover = editor.page.locator('.monaco-hover').filter({ hasText: 'together' });
    await hover.waitFor();
    const [, first = ''] = (await hover.innerText())
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean);
    assert.match(first, /^busy/, 'the one that uses most is the first');
    await editor.screenshot('statusbar-hover');
    // It is read while figures change.
    const until = Date.now() + 3000;
    while (Date.now() < until) {
      assert.ok(await hover.isVisible(), 'the hover has gone');
      await editor.page.waitForTimeout(100);
    }
    await editor.page.mouse.move(700, 300);
    // A second one would be a flood.
    await editor.page.waitForTimeout(3000);
    const shown = await editor.page.locator('.notifications-toasts .notification-list-item-message').allInnerTexts();
    assert.equal(shown.filter((text) => text === told).length, 1);
  });

  it('is sorted as one likes', async () => {
    assert.deepEqual(await labels(), ['quiet', 'busy', 'big', 'broken']);
    for (const [by, expected] of [
      ['CPU', /^busy/],
      ['Memory', /^big/],
      ['Name', /^big,broken,busy,quiet$/],
      ['As processes.json has them', /^quiet,busy,big,broken$/],
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
    await editor.warden('Filter…');
    await input.fill('b');
    await input.press('Enter');
    await eventually('three are left', async () => String(await labels()) === 'busy,big,broken');
    await editor.page.locator('.pane-body .message', { hasText: 'Only what has “b”: 3 shown' }).waitFor();
    await editor.warden('Clear Filter');
    await eventually('all are there', async () => (await labels()).length === 4);
  });

  it('counts what has failed', async () => {
    await editor.warden('Start…', 'broken');
    await editor.waitForRow('broken', /, ended, exited with code 3/);
    await eventually('the badge counts both', async () =>
      /2/.test(await editor.page.locator('.activitybar .badge-content:visible').allInnerTexts().then(String)),
    );
    await editor.warden('Kill All');
    await eventually('the status bar is quiet', () => editor.workers.length === 0);
    assert.match(readFileSync(join(editor.workspace, '.vscode', 'processes.json'), 'utf8'), /broken/);
  });
});
