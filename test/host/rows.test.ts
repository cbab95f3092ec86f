/** What a row does: a click and Enter, buttons and menus, keys, several rows at once, groups, and everything. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

const processes = {
  one: { command: 'echo output of one; sleep 600', group: 'app' },
  two: { command: 'echo output of two; sleep 600', group: 'app' },
  pool: { command: 'sleep 600', group: 'app', instances: 2 },
  alone: { command: 'echo output of alone; sleep 600', description: 'stands alone' },
};

describe('a row', () => {
  let editor: Editor;
  before(async () => {
    editor = await Editor.open({
      settings: { 'treeWarden.confirmStopAll': true },
      prepare: (workspace) => writeFileSync(join(workspace, '.vscode', 'processes.json'), JSON.stringify({ processes }, null, 2)),
    });
    await editor.showProcesses();
    await editor.waitForRow('alone', /idle/);
  });
  after(() => editor[Symbol.asyncDispose]());

  const running = (): string[] =>
    editor.run
      .ps()
      .map(({ name }) => name)
      .sort();
  const runs = (...names: string[]): Promise<unknown> =>
    eventually(`what runs is ${names.join(', ')}`, () => String(running()) === String([...names].sort()));
  /** Whatever the test before has left: nothing asks, and these are what runs, as the view knows. */
  const given = async (...names: string[]): Promise<void> => {
    await editor.dismiss();
    const surplus = running().filter((name) => !names.includes(name));
    if (surplus.length > 0) editor.run.call(['kill', ...surplus]);
    const areThere = (): boolean => names.every((name) => running().includes(name));
    if (!areThere()) await editor.pressOnRow('app', 'Start', areThere);
    await runs(...names);
    for (const name of Object.keys(processes)) await editor.waitForRow(name, names.includes(name) ? /, live/ : /, (?:idle|ended)/);
  };
  const app = ['one', 'two', 'pool', 'pool#2'] as const;
  /** Again where the row was just being drawn anew: a key that does not know which row is meant does nothing. */
  const press = (key: string, follows: () => boolean): Promise<void> =>
    editor.pressUntil(() => editor.page.keyboard.press(key), follows, key);
  const dialog = () => editor.page.locator('.monaco-dialog-box');
  /** Not by a place on the screen, where another row may have come to stand meanwhile. */
  const click = async (name: string, ctrlKey = false): Promise<void> => {
    const row = `.pane-body .monaco-list-row[aria-label^="${name},"]`;
    const selected = editor.page.locator(row.replace('[', '.selected['));
    let isClicked = false;
    await editor.pressUntil(
      async () => {
        isClicked = (await editor.page.evaluate(clickOn, { label: `${row} .monaco-icon-label`, ctrlKey })) || isClicked;
      },
      async () => isClicked && (await selected.count()) > 0,
      `${name} is selected`,
    );
  };

  it('opens its declaration while it has nothing to show', async () => {
    await click('alone');
    await editor.page.locator('.tab[aria-label*="processes.json"]').waitFor();
    await eventually('the cursor is there', async () => /Ln 1[0-9]|Ln 2[0-9]/.test(await editor.page.locator('.statusbar').innerText()));
  });

  it('is started and stopped by a key while it has the focus', async () => {
    await given();
    await click('alone');
    await press('F5', () => running().includes('alone'));
    await editor.waitForRow('alone', /, live/);
    await editor.waitForTerminal(/output of alone/);
    await click('alone');
    await press('Shift+F5', () => !running().includes('alone'));
    await editor.waitForRow('alone', /, ended, stopped by the user/);
  });

  it('starts and stops all below it where it is a group, after one question', async () => {
    await given();
    await editor.pressOnRow('app', 'Start', () => running().length > 0);
    await runs(...app);
    await editor.screenshot('rows-group');
    await editor.pressOnRow('app', 'Stop', () => dialog().filter({ hasText: 'Stop 4 processes?' }).isVisible());
    await dialog().filter({ hasText: 'one, two' }).waitFor();
    await editor.screenshot('rows-question');
    await editor.page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
    assert.equal(running().length, 4, 'nothing was ended without an answer');
  });

  it('shows its output by a click, and by Enter', async () => {
    await given(...app);
    await click('one');
    await editor.waitForTerminal(/output of one/);
    await click('two');
    await editor.waitForTerminal(/output of two/);
    const focused = editor.page.locator('.pane-body .monaco-list-row.focused[aria-label^="one,"]');
    await editor.pressUntil(
      () => editor.page.keyboard.press('ArrowUp'),
      async () => (await focused.count()) === 1,
      'the row above has the focus',
    );
    await editor.pressUntil(
      () => editor.page.keyboard.press('Enter'),
      async () => /output of one/.test(await editor.terminalText()),
      'its output is shown',
    );
  });

  it('is stopped together with the other selected ones', async () => {
    await given(...app);
    // All of it each time: where the view was drawn anew in between, one row alone may have been meant, and stopped.
    const chooseStop = async (): Promise<void> => {
      if ((await editor.page.locator('.context-view .action-label:visible').count()) > 0) await editor.page.keyboard.press('Escape');
      if (running().length < app.length) await given(...app);
      await click('one');
      await click('two', true);
      await editor.row('two').first().click({ button: 'right', timeout: 5000 });
      await editor.screenshot('rows-menu');
      await editor.page.locator('.context-view .action-label', { hasText: /^Stop$/ }).click({ timeout: 5000 });
    };
    await editor.pressUntil(chooseStop, () => dialog().filter({ hasText: 'Stop 2 processes?' }).isVisible(), 'its menu asks');
    await dialog().getByRole('button', { name: 'Stop', exact: true }).click();
    await runs('pool', 'pool#2');
    // By a key as well.
    await click('one');
    await click('two', true);
    await press('F5', () => running().includes('one'));
    await runs(...app);
  });

  it('is an entry of a list that takes several, where a pool is one', async () => {
    await given(...app);
    await editor.warden('Stop');
    const entries = editor.page.locator('.quick-input-list .monaco-list-row');
    await editor.entry('pool').waitFor();
    const labels = await entries.evaluateAll((all) => all.map((entry) => entry.getAttribute('aria-label')?.split(',')[0]));
    assert.deepEqual(labels, ['one', 'two', 'pool']);
    await editor.pick('one');
    await editor.pick('pool');
    await editor.screenshot('rows-pick');
    await editor.page.keyboard.press('Enter');
    await runs('two');
    // Most of the time one is meant: its name and Enter.
    await editor.warden('Stop');
    await editor.entry('two').waitFor();
    await editor.page.keyboard.type('two');
    await editor.page.keyboard.press('Enter');
    await runs();
  });

  it('is one of all that are started and stopped at once, and asked about until that is not wanted any more', async () => {
    const title = (name: string) =>
      editor.page.locator(`.pane-header .action-label[aria-label^="${name}"], .title-actions .action-label[aria-label^="${name}"]`).first();
    await given();
    await editor.page.locator('.pane-body').first().hover();
    await eventually('there is nothing to stop', async () => (await title('Stop All').count()) === 0);
    await title('Start All').click();
    await runs(...app, 'alone');
    await eventually('there is nothing to start', async () => (await title('Start All').count()) === 0);
    await editor.screenshot('rows-all');
    await title('Stop All').click();
    await dialog().filter({ hasText: 'Stop all 5 processes?' }).waitFor();
    await dialog().getByRole('button', { name: 'Don’t Ask Again' }).click();
    await runs();
    await editor.warden('Start All');
    await runs(...app, 'alone');
    await editor.pressOnRow('app', 'Stop', () => running().length < 5);
    await runs('alone');
    await editor.warden('Stop All');
    await runs();
  });
});

interface Page {
  readonly document: { querySelector(selector: string): { dispatchEvent(event: Event): boolean } | null };
  readonly MouseEvent: new (type: string, options: object) => Event;
}

/** Runs in the page, in one step: another row may be drawn in its place between two. False where it is just not there. */
function clickOn({ label, ctrlKey }: { readonly label: string; readonly ctrlKey: boolean }): boolean {
  const { document, MouseEvent } = globalThis as unknown as Page;
  const element = document.querySelector(label);
  for (const type of ['mousedown', 'mouseup', 'click'])
    element?.dispatchEvent(new MouseEvent(type, { bubbles: true, cancelable: true, composed: true, button: 0, detail: 1, ctrlKey }));
  return element !== null;
}
