/** What failed looks failed, what is stale looks stale, and each mistake is told once. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

/** Of the browser, in which a part of this runs. */
interface StyleWindow {
  getComputedStyle(element: unknown, part: string): { readonly content: string };
}

const processes = {
  lost: { command: ['no-such-command'] },
  nowhere: { command: 'true', cwd: 'no/such/folder' },
  loop: {
    command: 'test -e fixed && exec sleep 600; echo it is broken; exit 3',
    restart: { when: 'on-failure', maxRestarts: 3, delay: '100ms', maxDelay: '100ms' },
  },
  steady: { command: 'sleep 600' },
  other: { command: 'sleep 600' },
} as const;

describe('what is wrong', () => {
  let editor: Editor;
  const declare = (declared: object): void =>
    writeFileSync(join(editor.workspace, '.vscode', 'processes.json'), JSON.stringify({ processes: declared }, null, 2));
  before(async () => {
    editor = await Editor.open({
      prepare: (workspace) => writeFileSync(join(workspace, '.vscode', 'processes.json'), JSON.stringify({ processes }, null, 2)),
    });
    await editor.showProcesses();
    await editor.waitForRow('other', /idle/);
  });
  after(() => editor[Symbol.asyncDispose]());

  const hasIcon = async (name: string, icon: string): Promise<boolean> =>
    (await editor.row(name).locator(`.codicon-${icon}`).count()) === 1;
  /** The letter behind the name. */
  const letter = (name: string): Promise<string> =>
    editor
      .row(name)
      .locator('.monaco-icon-label')
      .first()
      .evaluate((label) => (globalThis as unknown as StyleWindow).getComputedStyle(label, '::after').content.replaceAll('"', ''));
  /** All that was told, whether its toast is still there or not. */
  async function told(text: RegExp): Promise<string[]> {
    await editor.command('Notifications: Show Notifications');
    const messages = editor.page.locator('.notifications-center .notification-list-item-message');
    await messages.first().waitFor();
    const all = (await messages.allInnerTexts()).filter((message) => text.test(message));
    await editor.page.keyboard.press('Escape');
    return all;
  }

  it('is one problem for one mistake, whether the file is open or not', async () => {
    const problems = editor.page.locator('.markers-panel .monaco-list-row:not([aria-expanded])');
    const file = join(editor.workspace, '.vscode', 'processes.json');
    let shown: string[] = [];
    const only = async (text: RegExp): Promise<void> => {
      const isOnly = async (): Promise<boolean> => {
        shown = (await problems.allInnerTexts()).map((problem) => problem.replaceAll('\u00a0', ' '));
        return shown.length === 1 && text.test(String(shown));
      };
      await eventually(`the only problem is ${text}`, isOnly).catch((error: unknown) => {
        throw new Error(`The problems are ${JSON.stringify(shown)}`, { cause: error });
      });
      // The JSON language looks at a file half a second after it has changed.
      await editor.page.waitForTimeout(1500);
      assert.ok(await isOnly(), String(shown));
    };
    const wrong = JSON.stringify({ processes: { ...processes, steady: { command: 'sleep 600', grup: 'app' } } });
    const twice = '{ "processes": { "steady": { "command": "sleep 600" }, "steady": { "command": "sleep 600" } } }';
    await editor.command('Problems: Focus on Problems View');
    writeFileSync(file, '{ "processes": {');
    await only(/Not valid JSON: close brace expected/);
    writeFileSync(file, twice);
    await only(/this name is used twice/);
    declare(processes);
    await editor.openFile('processes.json');
    writeFileSync(file, wrong);
    await only(/there is no key 'grup'. Did you mean "group"\?/);
    await editor.screenshot('wrong-problem');
    writeFileSync(file, '{ "processes": {');
    await only(/expected/i);
    declare(processes);
    await eventually('there is none', async () => (await problems.count()) === 0);
  });

  it('is a red row with its reason where a start was not possible, and a notification that opens the declaration', async () => {
    await editor.warden('Start', 'lost');
    await editor.notification(/^“lost” could not be started\. There is no command 'no-such-command' in the PATH/);
    await editor.waitForRow('lost', /, failed, There is no command 'no-such-command'/);
    await eventually('its row has the icon', () => hasIcon('lost', 'error'));
    await editor.press(/“lost” could not be started/, 'Open processes.json');
    await editor.page.locator('.tab[aria-label*="processes.json"]').waitFor();
    await eventually('the cursor is there', async () => /Ln 3,/.test(await editor.page.locator('.statusbar').innerText()));
    await editor.warden('Start', 'nowhere');
    await editor.notification(/^“nowhere” could not be started\. The working directory .*no\/such\/folder does not exist\./);
    await editor.waitForRow('nowhere', /, failed, The working directory/);
    await editor.screenshot('wrong-failed');
    await eventually('the badge counts both', async () =>
      /2/.test(await editor.page.locator('.activitybar .badge-content:visible').allInnerTexts().then(String)),
    );
  });

  it('is forgotten when the declaration is another one', async () => {
    declare({ ...processes, lost: { command: 'sleep 600' } });
    await editor.waitForRow('lost', /, idle/);
    await editor.waitForRow('nowhere', /, failed/);
    declare(processes);
    await editor.waitForRow('lost', /, failed/);
  });

  it('is one notification for a crash loop, with what can be done, and a row that says that it gave up', async () => {
    await editor.warden('Start', 'loop');
    await editor.waitForRow('loop', /, ended, exited with code 3 {2}gave up after 3 restarts$/);
    await editor.notification(/^'loop' exited with code 3, and will not be restarted/);
    await editor.screenshot('wrong-loop');
    assert.equal((await told(/loop/)).length, 1);
    writeFileSync(join(editor.workspace, 'fixed'), '');
    await editor.command('Notifications: Show Notifications');
    const item = editor.page.locator('.notifications-center .monaco-list-row').filter({ hasText: 'loop' });
    await item.hover();
    const buttons = item.locator('.monaco-button');
    await eventually('it says what can be done', async () => (await buttons.allInnerTexts()).join() === 'Show Output,Start Again');
    await item.locator('.monaco-button', { hasText: 'Start Again' }).click();
    await editor.waitForRow('loop', /, live, /);
    await editor.page.keyboard.press('Escape');
  });

  it('looks stale where it runs with another declaration, or without one', async () => {
    await editor.start('steady');
    await editor.start('other');
    const { other: _gone, ...rest } = processes;
    declare({ ...rest, steady: { command: 'sleep 601' } });
    await editor.waitForRow('steady', /, live, .*changed; restart to apply/);
    await editor.waitForRow('other', /, live, .*no longer declared/);
    await eventually('the letters are there', async () => (await letter('steady')) === 'M' && (await letter('other')) === 'D');
    await editor.screenshot('wrong-stale');
  });

  it('looks stale where the file cannot be read and its last good version counts', async () => {
    writeFileSync(join(editor.workspace, '.vscode', 'processes.json'), '{ "processes": {');
    await editor.waitForRow('steady', /, live, .*as last read; processes\.json has an error/);
    await editor.waitForRow('nowhere', /, failed, /);
    await editor.waitForRow('lost', /, failed, /);
    await eventually('the letter is there', async () => (await letter('steady')) === '!');
    await editor.screenshot('wrong-kept');
    declare(processes);
    await editor.waitForRow('steady', /, live, [^;]*$/);
    await eventually('the letters are gone', async () => !/[!MD]/.test((await letter('steady')) + (await letter('other'))));
  });

  it('has its reason in the hover, until it is started again, and is no error where the user calls the start off', async () => {
    declare({
      slow: { command: 'test -e migrated || exit 3; sleep 600' },
      needs: { command: 'sleep 600', dependsOn: { slow: 'succeeded' } },
    });
    await editor.waitForRow('needs', /, idle/);
    await editor.warden('Start', 'needs');
    await editor.waitForRow('needs', /, failed, was not started: it needs 'slow' \(exited with code 3\)/);
    await editor.hover('needs', "Last start: 'needs' was not started: it needs 'slow' (exited with code 3).");
    writeFileSync(join(editor.workspace, 'migrated'), '');
    await editor.warden('Start', 'needs');
    await editor.waitForRow('slow', /, live/);
    await editor.waitForRow('needs', /, waiting, waits for slow/);
    await editor.hover('needs', 'Waits for: slow');
    await editor.pressOnRow('needs', 'Stop', /, idle/);
    assert.deepEqual(await told(/stopped meanwhile/), []);
  });
});
