/** A row under the pointer says what is true, whether or not its hover is open. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Editor } from '../support/editor.ts';
import { Patience } from '../support/patience.ts';
import { eventually } from '../support/run.ts';

/** Longer than a busy machine takes, and far shorter than a hover counts as read. */
const soonMillis = 5000;

/** Takes 180 MB when it is told to by a file, and says so by another. */
const program = `const { existsSync, writeFileSync } = require('node:fs');
const [, , name] = process.argv;
const timer = setInterval(() => {
  if (globalThis.kept || !existsSync('grow-' + name)) return;
  globalThis.kept = Buffer.alloc(180e6, 1);
  writeFileSync('grown-' + name, '');
}, 50);`;

describe('a row under the pointer', () => {
  let editor: Editor;
  before(async () => {
    editor = await Editor.open({ workspace: null });
    writeFileSync(join(editor.workspace, 'grow.js'), program);
    writeFileSync(join(editor.workspace, 'Procfile'), 'first: node grow.js first\nsecond: node grow.js second\n');
    await editor.showProcesses();
    await editor.waitForRow('first', /idle/);
  });
  after(() => editor[Symbol.asyncDispose]());

  async function run(name: string): Promise<void> {
    const press = async (): Promise<void> => {
      await editor.hover(name, 'Found in: Procfile');
      await editor.row(name).locator('.action-label[aria-label^="Run"]').click({ timeout: 5000 });
    };
    // Again where the row was just being drawn anew.
    await editor.pressUntil(press, () => editor.run.ps().some((tree) => tree.name === name), `Run of ${name}`);
    await editor.waitForRow(name, /, live, /);
  }

  async function growthIsShown(name: string, where: string): Promise<void> {
    writeFileSync(join(editor.workspace, `grow-${name}`), '');
    await eventually('it has grown', () => existsSync(join(editor.workspace, `grown-${name}`)));
    const grown = performance.now();
    const soon = new Patience(soonMillis);
    await editor.waitForRow(name, /, live, .* [12]\d\d MB/);
    assert.ok(!soon.isOver, `after ${((performance.now() - grown) / 1000).toFixed(1)} s`);
    console.log(`180 MB are in the row after ${((performance.now() - grown) / 1000).toFixed(1)} s, ${where}`);
  }

  it('says what has become of it after its button was clicked', async () => {
    await run('first');
    await growthIsShown('first', 'with the pointer on it');
  });

  it('says what matters while its hover is open', async () => {
    await run('second');
    await editor.hover('second', 'Command: ');
    await growthIsShown('second', 'below its open hover');
  });
});
