/** View, hover and dashboard in a light and a dark theme: the pictures of the README are taken here. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { FrameLocator } from 'playwright-core';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

const themes = [
  { look: 'light', theme: 'Default Light Modern', isRight: (brightness: number) => brightness > 200 },
  { look: 'dark', theme: 'Default Dark Modern', isRight: (brightness: number) => brightness < 60 },
] as const;

describe('in a theme that is', () => {
  let editor: Editor;
  let page: FrameLocator;
  before(async () => {
    editor = await Editor.open();
    await editor.showProcesses();
    await editor.waitForRow('stubborn', /idle/);
    for (const name of ['daemon', 'stubborn', 'web']) await editor.start(name);
    const shown = await editor.waitForTerminal(/worker \d+ listens on http:\/\/127\.0\.0\.1:\d+/);
    const [, url = ''] = shown.replaceAll('\n', '').match(/(http:\/\/127\.0\.0\.1:\d+)/) ?? [];
    await editor.warden('Open Dashboard');
    page = editor.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
    await page.locator('#rows .row:visible', { hasText: 'web' }).first().click();
    // Something to draw: work that comes and goes.
    for (const pause of [60, 20, 90, 40]) {
      const until = Date.now() + 3000;
      while (Date.now() < until) {
        await Promise.all(Array.from({ length: 4 }, async () => (await fetch(url)).text()));
        await editor.page.waitForTimeout(pause);
      }
    }
    await editor.expand('web');
    await editor.command('View: Hide Panel');
    await eventually('its output is shown', async () => /listens on/.test(await page.locator('#output').innerText()));
  });
  after(() => editor[Symbol.asyncDispose]());

  for (const { look, theme, isRight } of themes) {
    it(`${look}: view, hover and dashboard`, async () => {
      writeFileSync(join(editor.workspace, '.vscode', 'settings.json'), JSON.stringify({ 'workbench.colorTheme': theme }));
      for (const [what, body, element] of [
        ['editor', editor.page.locator('body'), `document.querySelector('.monaco-workbench')`],
        ['dashboard', page.locator('body'), 'document.body'],
      ] as const)
        await eventually(`the ${what} is ${look}`, async () => {
          const background: string = await body.evaluate(`getComputedStyle(${element}).backgroundColor`);
          const [red = 0, green = 0, blue = 0] = (background.match(/\d+/g) ?? []).map(Number);
          return isRight((red + green + blue) / 3);
        });
      await editor.quickPickGone();
      await editor.screenshot(`dashboard-${look}`);
      assert.match(await editor.hoverText('web', 'proportional (PSS)'), /CPU:\s[▁▂▃▄▅▆▇█]{5,}\s[\d.]+\s%/);
      await editor.screenshot(`hover-${look}`);
    });
  }
});
