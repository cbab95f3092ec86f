/** View, hover and dashboard in a light and a dark theme: the pictures of the README are taken here. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

const themes = [
  { look: 'light', theme: 'Default Light Modern', isRight: (brightness: number) => brightness > 200 },
  { look: 'dark', theme: 'Default Dark Modern', isRight: (brightness: number) => brightness < 60 },
] as const;

describe('in a theme that is', () => {
  for (const { look, theme, isRight } of themes) {
    it(`${look}: view, hover and dashboard`, async () => {
      await using editor = await Editor.open({ settings: { 'workbench.colorTheme': theme } });
      await editor.showProcesses();
      await editor.waitForRow('stubborn', /idle/);
      for (const name of ['daemon', 'stubborn', 'web']) await editor.start(name);
      await editor.waitForTerminal(/worker \d+ listens on http:\/\/127\.0\.0\.1:\d+/);
      const [, url = ''] = (await editor.terminalText()).replaceAll('\n', '').match(/(http:\/\/127\.0\.0\.1:\d+)/) ?? [];
      await editor.warden('Open Dashboard');
      const page = editor.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
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
      const background: string = await page.locator('body').evaluate('getComputedStyle(document.body).backgroundColor');
      const [red = 0, green = 0, blue = 0] = (background.match(/\d+/g) ?? []).map(Number);
      assert.ok(isRight((red + green + blue) / 3), background);
      await eventually('its output is shown', async () => /listens on/.test(await page.locator('#output').innerText()));
      await editor.quickPickGone();
      await editor.screenshot(`dashboard-${look}`);
      const hover = await editor.hover('web', 'with shared pages divided (PSS)');
      assert.match(await hover.innerText(), /CPU:\s[▁▂▃▄▅▆▇█]{5,}\s[\d.]+\s%/);
      await editor.screenshot(`hover-${look}`);
    });
  }
});
