/** What is done with language servers that crash, leak, refuse, or connect by themselves. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Editor } from '../support/editor.ts';
import { LanguageProbe, languageExtension } from '../support/languageProbe.ts';
import { killAll } from '../support/mcpWindow.ts';
import { eventually } from '../support/run.ts';

const server = fileURLToPath(new URL('../fixtures/language-server/server.cjs', import.meta.url));
const byCommand = { command: [process.execPath, server], documentSelector: ['**/*.none'], autoStart: false };
const languageServers = {
  settled: {
    command: [process.execPath, server],
    documentSelector: ['**/settled.txt'],
    settings: { 'fixture.own': ['${workspaceFolder}'] },
    configuration: ['editor.tabSize'],
  },
  piped: { command: [process.execPath, server], documentSelector: ['**/piped.txt'], transport: 'pipe' },
  socketed: { command: `exec "${process.execPath}" "${server}"`, documentSelector: ['**/socketed.txt'], transport: 'socket' },
  leaking: { ...byCommand, initializationOptions: { leak: 300 }, restart: { aboveMemory: '200m' } },
  crashing: { ...byCommand, initializationOptions: { crash: true } },
  refusing: { ...byCommand, initializationOptions: { refuse: 'no licence was found' } },
};

describe('a language server that is declared', () => {
  const probe = new LanguageProbe(join(mkdtempSync(join(tmpdir(), 'tw-lsp-')), 'probe'));
  let editor: Editor;
  before(async () => {
    const settings = { 'treeWarden.onReload': 'keep', 'editor.tabSize': 7 };
    editor = await Editor.open({ workspace: null, extension: languageExtension, env: { LANGUAGE_PROBE: probe.path }, settings });
    mkdirSync(join(editor.workspace, '.vscode'));
    writeFileSync(join(editor.workspace, '.vscode', 'processes.json'), JSON.stringify({ languageServers }));
    for (const name of ['settled', 'piped', 'socketed']) writeFileSync(join(editor.workspace, `${name}.txt`), `text of ${name}\n`);
    await editor.load();
    await editor.showProcesses();
  });
  after(async () => {
    await editor[Symbol.asyncDispose]();
    rmSync(dirname(probe.path), { recursive: true });
  });

  const knownOf = (name: string): Promise<{ readonly asked: unknown; readonly pushed: unknown; readonly text: string }> =>
    eventually(
      `${name} answers`,
      async () => {
        try {
          await probe.show(`${name}.txt`);
          return JSON.parse(await probe.hover(`${name}.txt`, 'text'));
        } catch {
          return undefined;
        }
      },
      30_000,
    );

  it('knows its settings, those of the editor, and the text', async () => {
    const { asked, pushed, text } = await knownOf('settled');
    assert.equal(text, 'text of settled\n');
    assert.deepEqual(asked, { own: [editor.workspace] });
    assert.deepEqual(pushed, { editor: { tabSize: 7 }, fixture: { own: [editor.workspace] } });
    await editor.waitForRow('settled', /, running, .*MB.* {2}fixture 1\.2\.3$/);
  });

  it('has its commands in the editor, and takes the name of none that there is', async () => {
    assert.equal(await probe.execute('fixture.hello'), 'fixture.hello was executed');
    assert.equal(
      await probe.execute('tree-warden.languageServer.settled.workbench.action.files.save'),
      'workbench.action.files.save was executed',
    );
    assert.equal(await probe.execute('workbench.action.files.save'), null);
  });

  for (const name of ['piped', 'socketed']) {
    it(`answers where it has connected by itself (${name})`, async () => assert.equal((await knownOf(name)).text, `text of ${name}\n`));
  }

  it('is restarted between two requests when it uses too much memory, and this is said', async () => {
    await editor.warden('Start Language Server', 'leaking');
    assert.match(await editor.notification(/leaking/), /“leaking” used 3\d\d MB, more than 200 MB, and was restarted\.$/);
    await editor.waitForRow('leaking', /, running, .*restarted 1 ×/);
    await editor.command('Notifications: Clear All Notifications');
  });

  it('is not restarted when it has crashed five times, until the user wants it', async () => {
    await editor.warden('Start Language Server', 'crashing');
    assert.match(
      await editor.notification(/crashing/),
      /“crashing” crashed 5 times in 3 min and is not restarted automatically\. The last time: exited with code 3\.$/,
    );
    await editor.waitForRow('crashing', /, crashed, crashed {2}exited with code 3/);
    await editor.screenshot('a language server that has crashed');
    await editor.press(/“crashing” crashed/, 'Start Again');
    await editor.waitForRow('crashing', /, (?:starting|restarting), /);
    await editor.warden('Stop Language Server', 'crashing');
    await editor.command('Notifications: Clear All Notifications');
  });

  it('says why it has refused to serve', async () => {
    await editor.warden('Start Language Server', 'refusing');
    await editor.waitForRow('refusing', /, failed, no licence was found/);
    await editor.command('Notifications: Clear All Notifications');
  });

  it('is started again when the background process that guards it is killed', async () => {
    const before = editor.pidsWith(server);
    killAll(editor.wardenPids);
    await editor.waitForRow('settled', /, running, .*restarted 1 ×/);
    assert.equal((await knownOf('settled')).text, 'text of settled\n');
    await eventually('those from before have ended', () => !editor.pidsWith(server).some((pid) => before.includes(pid)));
    await editor.command('Notifications: Clear All Notifications');
  });

  it('ends with a window that is reloaded, also where processes are kept, and is started again', async () => {
    const before = await eventually('all run again', () => {
      const running = editor.pidsWith(server);
      return running.length >= 3 && running;
    });
    await editor.reloadWindow();
    await eventually('those from before have ended', () => !editor.pidsWith(server).some((pid) => before.includes(pid)), 30_000);
    assert.equal((await knownOf('settled')).text, 'text of settled\n');
  });
});
