/** The graph of dependencies in the dashboard: it is drawn, follows what happens, and chooses a process. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { FrameLocator, Locator } from 'playwright-core';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

const processes = {
  web: { command: 'echo output of web; sleep 600', dependsOn: { api: 'ready', assets: 'succeeded' } },
  api: { command: 'echo output of api; sleep 600', dependsOn: ['db', 'cache'] },
  assets: { command: 'sleep 0.2' },
  db: { command: 'sleep 600', ready: { exec: 'test -e up', period: '50ms', deadline: '100s' } },
  cache: { command: 'sleep 600' },
  alone: { command: 'sleep 600' },
};

describe('the graph of dependencies', () => {
  let editor: Editor;
  let page: FrameLocator;
  const box = (name: string): Locator => page.locator(`#graph .box[aria-label^="${name}: "]`);
  const says = (name: string, state: RegExp): Promise<unknown> =>
    eventually(`${name} says ${state}`, async () => state.test((await box(name).getAttribute('aria-label')) ?? ''));

  before(async () => {
    editor = await Editor.ofProcesses(processes);
    await editor.warden('Open Dashboard');
    page = editor.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
  });
  after(() => editor[Symbol.asyncDispose]());

  it('is drawn from what the file declares, before anything runs', async () => {
    await says('web', /^web: idle$/);
    const labels = await page.locator('#graph .box').evaluateAll((boxes) => boxes.map((one) => one.getAttribute('aria-label')).sort());
    assert.deepEqual(labels, ['api: idle', 'assets: idle', 'cache: idle', 'db: idle', 'web: idle']);
    assert.equal(await page.locator('#graph .arrow').count(), 4);
    await editor.screenshot('graph-idle');
  });

  it('follows a start, and marks what it had to wait for', async () => {
    await editor.warden('Start', 'web');
    await says('api', /^api: waits$/);
    await says('db', /^db: starting$/);
    await editor.screenshot('graph-starting');
    // Else that may be what was waited for last.
    await says('assets', /^assets: succeeded/);
    writeFileSync(join(editor.workspace, 'up'), '');
    await says('web', /^web: running, [\d.]+ m?s$/);
    await says('db', /^db: running, [\d.]+ m?s$/);
    await eventually('the chain is marked', async () => (await page.locator('#graph .box.critical').count()) === 3);
    assert.equal(await page.locator('#graph .arrow.critical').count(), 2);
    assert.equal(await box('assets').evaluate((one) => one.classList.contains('critical')), false);
    await editor.screenshot('graph');
  });

  it('chooses the process whose box is pressed', async () => {
    await box('api').click();
    await eventually('its output is shown', async () => /output of api/.test(await page.locator('#output').innerText()));
    await box('web').focus();
    await editor.page.keyboard.press('Enter');
    await eventually('its output is shown', async () => /output of web/.test(await page.locator('#output').innerText()));
  });

  it('takes up a file that has changed, and is gone where nothing depends on anything', async () => {
    const write = (declared: object): void =>
      writeFileSync(join(editor.workspace, '.vscode', 'processes.json'), JSON.stringify({ processes: declared }, undefined, 2));
    write({ ...processes, alone: { ...processes.alone, dependsOn: ['web'] } });
    await says('alone', /^alone: idle$/);
    assert.equal(await page.locator('#graph .arrow').count(), 5);
    write({ alone: processes.alone });
    await eventually('it is gone', async () => !(await page.locator('#graph').isVisible()));
  });
});
