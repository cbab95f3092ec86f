/** What a start asks in the window: inputs, commands and secrets. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Locator } from 'playwright-core';
import { linesIn } from '../support/declared.ts';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

const extension = fileURLToPath(new URL('../fixtures/answering-extension', import.meta.url));
const secret = 'plain-words-of-the-secret';
/** What the window asks when it has opened. */
const autoStart = /start automatically: first, plain/;

const inputs = [
  {
    id: 'size',
    type: 'pickString',
    description: 'Which size?',
    options: ['small', { label: 'Large one', value: 'large' }],
    default: 'large',
  },
  { id: 'target', type: 'promptString', description: 'Which target?', default: 'dev' },
  { id: 'echo', type: 'command', command: 'answering.echo', args: { text: 'this' } },
  { id: 'never', type: 'command', command: 'answering.never' },
];
const process = (name: string, text: string, env: object = {}): object => ({
  command: `echo "${text}" >> ${name}.out; exec sleep 1000`,
  env,
  pty: false,
});
const processes = {
  asking: process('asking', '${input:size} <${input:target}>'),
  first: { ...process('first', '${input:target}'), autoStart: true },
  plain: { ...process('plain', 'started'), autoStart: true },
  hidden: process('hidden', '$T', { T: '${secret:apiKey}' }),
  commanded: process('commanded', '${command:answering.word}, ${input:echo}, ${config:editor.tabSize}'),
  number: process('number', '${command:answering.number}'),
  hanging: process('hanging', '${input:never}'),
  timed: { command: 'echo "${input:target}" >> timed.out', pty: false, schedule: '0 0 1 1 *' },
};

describe('a start that needs values', () => {
  let editor: Editor;
  const out = (name: string): string[] => linesIn(editor.workspace, `${name}.out`);
  const input = (): Locator => editor.page.locator('.quick-input-widget .quick-input-box input:visible');
  const asks = async (text: string): Promise<void> => {
    await editor.page.locator('.quick-input-widget:visible', { hasText: text }).waitFor({ timeout: 30_000 });
  };
  before(async () => {
    editor = await Editor.open({
      workspace: null,
      extension,
      settings: { 'editor.tabSize': 3 },
      prepare: (folder) => {
        mkdirSync(join(folder, '.vscode'));
        writeFileSync(join(folder, '.vscode', 'processes.json'), JSON.stringify({ inputs, processes }));
      },
    });
    await editor.holdNotification(autoStart);
    await editor.showProcesses();
    await editor.waitForRow('asking', /idle/);
  });
  after(() => editor[Symbol.asyncDispose]());

  it('by itself does not hold up others', async () => {
    await editor.press(autoStart, 'Just This Once');
    await asks('Which target?');
    await editor.waitForRow('plain', /live/);
    await input().press('Escape');
    await editor.waitForRow('first', /idle/);
    assert.deepEqual(out('first'), []);
  });

  it('asks for each, and has the answers', async () => {
    await editor.warden('Start', 'asking');
    await editor.entry('Large one').waitFor({ timeout: 30_000 });
    await editor.screenshot('an input with options');
    await editor.pick('small');
    await asks('Which target?');
    assert.equal(await input().inputValue(), 'dev');
    await input().fill('prod ${instance}');
    await editor.screenshot('an input of a text');
    await input().press('Enter');
    await editor.waitForRow('asking', /live/);
    await eventually('it has its values', () => out('asking').length === 1);
    assert.deepEqual(out('asking'), ['small <prod >']);
  });

  it('has the same answers at a restart', async () => {
    await editor.warden('Restart', 'asking');
    await eventually('it was restarted', () => out('asking').length === 2);
    assert.deepEqual(out('asking')[1], 'small <prod >');
    await editor.warden('Stop', 'asking');
    await editor.waitForRow('asking', /ended|idle/);
  });

  it('is called off by a question that is dismissed', async () => {
    await editor.warden('Start', 'asking');
    await editor.entry('Large one').waitFor({ timeout: 30_000 });
    await input().press('Escape');
    await eventually('the status bar says so', async () =>
      (await editor.page.locator('.statusbar').innerText()).includes(
        '“asking” was not started, because the question for ${input:size} was dismissed.',
      ),
    );
    // That it is being started is said for a while, where the question was open for that long.
    const told = await editor.page.locator('.notifications-toasts .notification-list-item-message').allInnerTexts();
    assert.deepEqual(
      told.filter((message) => !message.startsWith('Starting asking')),
      [],
    );
    assert.equal(out('asking').length, 2);
  });

  it('has the answers of commands, and a setting', async () => {
    await editor.start('commanded');
    await eventually('it has its values', () => out('commanded').length === 1);
    assert.deepEqual(out('commanded'), ['a word, given this, 3']);
    await editor.warden('Start', 'number');
    await editor.notification(/The answer of the command answering\.number cannot be used: it is no string/);
  });

  it('can be called off while a command does not answer', async () => {
    await editor.warden('Start', 'hanging');
    await editor.notification(/Waiting for the answer of the command answering\.never/);
    await editor.press(/Waiting for the answer/, 'Cancel');
    await eventually('the status bar says so', async () =>
      (await editor.page.locator('.statusbar').innerText()).includes('“hanging” was not started'),
    );
    assert.deepEqual(out('hanging'), []);
  });

  it('with a schedule is asked for when it begins to wait, and again where it is run now', async () => {
    for (const answer of ['at its time', 'now']) {
      await editor.warden('Start', 'timed');
      await asks('Which target?');
      await input().fill(answer);
      await input().press('Enter');
      await editor.quickPickGone();
      await editor.waitForRow('timed', /next on \d{4}-01-01 00:00/);
    }
    await eventually('it has run', () => out('timed').length === 1);
    assert.deepEqual(out('timed'), ['now']);
    await editor.warden('Stop', 'timed');
  });

  it('asks for a secret once, and shows it nowhere', async () => {
    await editor.warden('Start', 'hidden');
    await asks('Set Secret apiKey');
    assert.equal(await input().getAttribute('type'), 'password');
    await input().fill(secret);
    await editor.screenshot('a secret');
    await input().press('Enter');
    await editor.waitForRow('hidden', /live/);
    await eventually('it has its value', () => out('hidden').length === 1);
    assert.deepEqual(out('hidden'), [secret]);
    await editor.warden('Stop', 'hidden');
    await editor.waitForRow('hidden', /ended|idle/);
    await editor.start('hidden');
    await eventually('it has its value again', () => out('hidden').length === 2);
    await editor.warden('Show Resolved Configuration', 'hidden');
    await editor.page.locator('.view-lines', { hasText: '${secret:apiKey}' }).waitFor({ timeout: 30_000 });
    assert.ok(!(await editor.rowTexts()).join().includes(secret));
    const folders = ['runtime', 'state', 'editor/User', 'editor/logs'].map((name) => join(editor.run.folder, name));
    const written = folders
      .filter((folder) => existsSync(folder))
      .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
      .flatMap((entry) => (entry.isFile() ? join(entry.parentPath, entry.name) : []));
    assert.ok(written.length > 3);
    assert.deepEqual(
      written.filter((path) => contentOf(path).includes(secret)),
      [],
    );
  });

  it('has a new secret at the next restart, and asks again for one that was deleted', async () => {
    await editor.warden('Set Secret…', 'apiKey');
    await asks('Set Secret apiKey');
    await input().fill(`new ${secret}`);
    await input().press('Enter');
    await editor.quickPickGone();
    await editor.warden('Restart', 'hidden');
    await eventually('it was restarted', () => out('hidden').length === 3);
    assert.equal(out('hidden')[2], `new ${secret}`);
    await editor.warden('Delete Secret…', 'apiKey');
    await editor.warden('Stop', 'hidden');
    await editor.waitForRow('hidden', /ended|idle/);
    await editor.warden('Start', 'hidden');
    await asks('Set Secret apiKey');
    await input().press('Escape');
  });

  it('has an unknown input underlined', async () => {
    const changed = { ...processes, number: process('number', '${input:nope}') };
    writeFileSync(join(editor.workspace, '.vscode', 'processes.json'), JSON.stringify({ inputs, processes: changed }));
    await editor.waitForRow('number', /there is no input 'nope'/);
  });
});

/** Empty where it has gone since it was listed: records are replaced. */
function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
