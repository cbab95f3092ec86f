/** The settings as the editor shows them: by their names in plain words, in our order, with links between them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { root } from '../../src/build/paths.ts';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

interface Manifest {
  readonly contributes: {
    readonly configuration: readonly { readonly properties: Readonly<Record<string, { readonly scope?: string }>> }[];
  };
}

interface Shown {
  readonly key: string;
  readonly title: string;
  readonly text: string;
  readonly links: readonly string[];
}

const { contributes } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
/** Of the user's settings; those of a machine are in a tab of their own. */
const keys = contributes.configuration.flatMap(({ properties }) =>
  Object.keys(properties).filter((key) => properties[key]?.scope !== 'machine'),
);

const drawn = `[...document.querySelectorAll('.settings-editor .setting-item-contents[data-key]')].map((item) => ({
  key: item.dataset.key,
  title: [...item.querySelectorAll('.setting-item-category, .setting-item-label')].map((one) => one.textContent.trim()).join(' '),
  text: [...item.querySelectorAll('.setting-item-description, .setting-item-enumDescription')].map((one) => one.innerText.trim()).filter(Boolean).join('\\n'),
  links: [...item.querySelectorAll('.setting-item-description a')].map((link) => link.textContent),
}))`;

describe('the settings editor', () => {
  let editor: Editor;
  let shown: readonly Shown[] = [];
  before(async () => {
    editor = await Editor.open({ settings: { 'workbench.editor.useModal': 'off' } });
    await editor.showProcesses();
    await editor.command('Preferences: Open Settings (UI)');
    // All of them at once: a list draws only what is seen.
    await editor.page.setViewportSize({ width: 1200, height: 4400 });
    await editor.page.locator('.settings-editor .settings-header .monaco-editor.focused').first().waitFor();
    await editor.page.keyboard.type('@ext:tree-warden.tree-warden');
    await eventually('only ours are shown', async () => {
      shown = (await editor.page.evaluate(drawn)) as Shown[];
      return shown.length >= keys.length && shown.every(({ key }) => keys.includes(key));
    });
  });
  after(() => editor[Symbol.asyncDispose]());

  it('shows them in our order, below our name', async () => {
    await editor.screenshot('settings');
    assert.deepEqual(
      shown.map(({ key }) => key),
      keys,
    );
    for (const { key, title } of shown) assert.match(title, /^Tree Warden(?: › [A-Z]\w+)?: [A-Z]/, key);
    assert.equal(shown.find(({ key }) => key.endsWith('guard.terminals'))?.title, 'Tree Warden › Guard: Terminals');
  });

  it('shows sentences, and links in place of names', () => {
    for (const { key, text, links } of shown) {
      assert.doesNotMatch(text, /[#%]\w|treeWarden|undefined/, key);
      for (const line of text.split('\n')) assert.match(line, /^[A-Z`].*[.)]$/, key);
      for (const link of links) assert.match(link, /^Tree Warden/, key);
    }
    const linked = shown.find(({ key }) => key.endsWith('reloadGrace'));
    assert.deepEqual(linked?.links, ['Tree Warden: On Reload']);
  });
});
