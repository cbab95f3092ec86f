/** The dashboard, in a real VS Code: what it draws, sorts, filters, follows and exports, and that it comes back. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { FrameLocator, Locator } from 'playwright-core';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

describe('the dashboard', () => {
  let editor: Editor;
  let page: FrameLocator;
  const rows = (): Locator => page.locator('#rows .row:visible');
  const texts = (column: string): Promise<string[]> => page.locator(`#rows .row:visible .cell.${column}`).allInnerTexts();

  before(async () => {
    editor = await Editor.open();
    await editor.showProcesses();
    await editor.waitForRow('stubborn', /idle/);
    for (const name of ['web', 'daemon', 'stubborn']) await editor.start(name);
    await editor.warden('Open Dashboard');
    page = editor.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
  });
  after(() => editor[Symbol.asyncDispose]());

  it('lists every member of every tree', async () => {
    await eventually('they are listed', async () => (await rows().count()) >= 7);
    await eventually('every tree is', async () => [...new Set(await texts('tree'))].join() === 'web,daemon,stubborn');
    // Some come and go: both are read in one step.
    const [counted, listed] = (await page
      .locator('body')
      .evaluate(`[document.querySelector('#count').textContent, document.querySelectorAll('#rows .row:not([hidden])').length]`)) as [
      string,
      number,
    ];
    assert.equal(counted, `${listed} processes`);
    await eventually('the members of one are', async () => {
      const [web] = editor.run.ps().filter(({ name }) => name === 'web');
      const pids = await page.locator('#rows .row:visible', { hasText: 'web' }).locator('.cell.pid').allInnerTexts();
      return (
        pids.map(Number).sort().join() ===
        web?.members
          .map(({ pid }) => pid)
          .sort()
          .join()
      );
    });
  });

  it('draws CPU, memory and storage, a line for each tree', async () => {
    const memory = page.locator('.plot').nth(1);
    await eventually('memory is said', async () => /web \d+ MB, daemon/.test((await memory.getAttribute('aria-label')) ?? ''));
    await eventually('each has its line', async () => (await page.locator('.chip').allInnerTexts()).join() === 'web,daemon,stubborn');
    await page.locator('.chip').nth(1).click();
    await eventually('a line is gone', async () => !/daemon/.test((await memory.getAttribute('aria-label')) ?? ''));
    await page.locator('.chip').nth(1).click();
  });

  it('sorts by a column, and not under the pointer', async () => {
    const memory = page.locator('#heads .memory');
    await memory.click();
    assert.equal(await memory.getAttribute('aria-sort'), 'descending');
    const megabytes = (await texts('memory')).map((text) => Number.parseFloat(text) * (text.endsWith('KB') ? 1 / 1024 : 1));
    assert.deepEqual(
      megabytes,
      megabytes.toSorted((a, b) => b - a),
    );
    await memory.click();
    assert.equal(await memory.getAttribute('aria-sort'), 'ascending');
    await memory.click();
    assert.equal(await memory.getAttribute('aria-sort'), 'none');
  });

  it('filters while one types', async () => {
    await page.locator('#filter').fill('web');
    await eventually('only those are shown', async () => (await texts('tree')).every((tree) => tree === 'web'));
    await eventually('they are counted', async () => /^3 of \d+ processes$/.test(await page.locator('#count').innerText()));
    await page.locator('#filter').fill('');
  });

  it('is worked with the keyboard, and follows the output of what is chosen', async () => {
    await page.locator('#rows').focus();
    await editor.page.keyboard.press('Home');
    assert.equal(await page.locator('#rows .row[aria-selected="true"] .cell.tree').innerText(), 'web');
    await eventually('its output is shown', async () => /worker \d+ listens on/.test(await page.locator('#output').innerText()));
    await eventually('its state is said', async () => (await page.locator('#followed').innerText()) === 'web: ready');
    await editor.page.keyboard.press('End');
    await eventually('another one is followed', async () => /type something/.test(await page.locator('#output').innerText()));
    await editor.screenshot('dashboard');
  });

  it('restarts and stops what is chosen', async () => {
    const before = editor.run.ps().find(({ name }) => name === 'stubborn')?.leader.pid;
    await page.getByRole('button', { name: 'Restart' }).click();
    const leader = await eventually('it has another leader', () => {
      const now = editor.run.ps().find(({ name }) => name === 'stubborn')?.leader.pid;
      return now !== before && now;
    });
    // The page has heard of that: before, the same is said of the old one.
    await eventually('it is listed', async () => (await texts('pid')).includes(String(leader)));
    await eventually('the new one is followed', async () => (await page.locator('#followed').innerText()) === 'stubborn: ready');
    await page.getByRole('button', { name: 'Kill Now' }).click();
    await eventually('its end is said', async () => /^stubborn: killed by the user/.test(await page.locator('#followed').innerText()));
  });

  it('writes what it shows to files', async () => {
    for (const [button, name] of [
      ['Export CSV', 'processes.csv'],
      ['Export PNG', 'processes.png'],
    ] as const) {
      await page.getByRole('button', { name: button }).click();
      const input = editor.page.locator('.quick-input-widget .quick-input-box input');
      await input.waitFor();
      // The box has its folder first, and takes no Enter while it looks for what is there (`busy` in VS Code's simpleFileDialog.ts).
      await eventually('it has the name of the file', async () => (await input.inputValue()).endsWith(name));
      await editor.pressUntil(
        () => input.press('Enter'),
        () => input.isHidden(),
        'the name is taken',
      );
      // The file is there before its content is: what counts is what the user is told.
      await editor.notification(new RegExp(`^The file was saved as .*${name}`));
    }
    const [head = '', first = ''] = readFileSync(join(editor.workspace, 'processes.csv'), 'utf8').split('\n');
    assert.equal(
      head,
      'time,tree,cpu_percent,memory_bytes,read_bytes_per_second,write_bytes_per_second,processes,gpu_memory_bytes,gpu_percent',
    );
    assert.match(first, /^\d{4}-\d\d-\d\dT[\d:.]+Z,web,[\d.]+,\d+,\d+,\d+,\d+,0,0\.00$/);
    const png = readFileSync(join(editor.workspace, 'processes.png'));
    assert.deepEqual([png.subarray(1, 4).toString(), png.length > 5000], ['PNG', true]);
  });

  it('comes back as it was, when it was hidden and when the window was reloaded', async () => {
    await page.locator('#heads .cpu').click();
    await editor.warden('Reveal in processes.json', 'web');
    await editor.page.locator('.tab[aria-label*="processes.json"]').waitFor();
    await editor.warden('Open Dashboard');
    await eventually('it is sorted as before', async () => (await page.locator('#heads .cpu').getAttribute('aria-sort')) === 'descending');
    await eventually('it lists them again', async () => (await texts('tree')).includes('web'));
    // What it draws began before it was hidden.
    const memory = page.locator('.plot').nth(1);
    await eventually('it has the history', async () => /web \d+ MB/.test((await memory.getAttribute('aria-label')) ?? ''));
  });
});
