/** Real language servers in a real VS Code: they answer, come back when they are killed, and never outlive the window. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ensureLanguageServers, languageServersFolder } from '../../src/build/languageServers.ts';
import { Editor } from '../support/editor.ts';
import { LanguageProbe, languageExtension } from '../support/languageProbe.ts';
import { killAll } from '../support/mcpWindow.ts';
import { eventually } from '../support/run.ts';

const binary = (name: string): string => join(languageServersFolder, 'node_modules', '.bin', name);

const code = `const wrong: number = 'text';
const greeting = { hello: 'world' };
console.log(greeting.hello);
`;
const script = `greet() { echo "hello $1"; }
greet world
`;

const processes = {
  languageServers: {
    typescript: {
      command: [process.execPath, binary('typescript-language-server'), '--stdio'],
      documentSelector: ['typescript', 'javascript'],
      initializationOptions: { tsserver: { path: join(languageServersFolder, 'node_modules', 'typescript', 'lib') } },
    },
    bash: { command: [process.execPath, binary('bash-language-server'), 'start'], documentSelector: ['**/*.sh'], autoStart: false },
    absent: { command: ['no-such-server', '--stdio'], documentSelector: ['plaintext'] },
    python: { command: ['pylsp'], documentSelector: ['python'] },
  },
};

describe('a language server', () => {
  const probe = new LanguageProbe(join(mkdtempSync(join(tmpdir(), 'tw-lsp-')), 'probe'));
  let editor: Editor;
  before(async () => {
    ensureLanguageServers();
    editor = await Editor.open({
      workspace: null,
      extension: languageExtension,
      env: { LANGUAGE_PROBE: probe.path },
      // What answers is the server.
      without: ['typescript-language-features'],
    });
    const write = (path: string, text: string): void => writeFileSync(join(editor.workspace, path), text);
    mkdirSync(join(editor.workspace, '.vscode'));
    write('.vscode/processes.json', JSON.stringify(processes));
    write('main.ts', code);
    write('greet.sh', script);
    write('notes.txt', 'a note\n');
    await editor.load();
    await editor.showProcesses();
  });
  after(async () => {
    await editor[Symbol.asyncDispose]();
    rmSync(dirname(probe.path), { recursive: true });
  });

  const serverPids = (): number[] => editor.pidsWith(languageServersFolder);
  const isTrue = async (what: string, ask: () => Promise<boolean>): Promise<void> =>
    void (await eventually(what, () => ask().catch(() => false), 30_000));
  const show = (file: string): Promise<void> =>
    isTrue(`${file} is shown`, async () => {
      await probe.show(file);
      return true;
    });
  const typescriptAnswers = async (): Promise<void> => {
    await isTrue('members are offered', async () => (await probe.completion('main.ts', 'greeting.')).includes('hello'));
    await isTrue('the error is told', async () => (await probe.diagnostics('main.ts')).some((one) => one.includes('not assignable')));
    await isTrue('the type is told', async () => (await probe.hover('main.ts', 'greeting')).includes('hello: string'));
    await isTrue('it is renamed', async () => (await probe.rename('main.ts', 'greeting', 'welcome')) === 2);
  };
  const serveAgain = async (): Promise<void> => {
    await editor.load();
    await show('main.ts');
    await isTrue('it is served', async () => (await probe.hover('main.ts', 'greeting')).includes('hello: string'));
    assert.ok(serverPids().length >= 2, 'tsserver is a process of its own');
  };

  it('is started by the first of its documents, and answers', async () => {
    await editor.waitForRow('typescript', /, idle/);
    await show('main.ts');
    await editor.waitForRow('typescript', /, running, .*MB/);
    await typescriptAnswers();
    assert.deepEqual(
      (await editor.rowTexts()).filter((row) => /^lsp:/.test(row)),
      [],
      'its processes are in its row only',
    );
  });

  it('answers again when it was killed, also of what was changed and not saved', async () => {
    await probe.edit('main.ts', 'greeting.hello', 'greeting.hello.length');
    const killed = serverPids();
    killAll(killed);
    await editor.waitForRow('typescript', /, running, .*MB.*restarted 1 ×/);
    await isTrue('the change is known', async () => (await probe.hover('main.ts', 'length')).includes('String.length'));
    assert.deepEqual(
      serverPids().filter((pid) => killed.includes(pid)),
      [],
    );
  });

  it('is started and stopped by a command, and its row says why it was not started', async () => {
    await show('greet.sh');
    await editor.warden('Start Language Server', 'bash');
    await editor.waitForRow('bash', /, running, .*MB/);
    await isTrue('a function is known', async () => (await probe.hover('greet.sh', 'greet world')).includes('greet'));
    await show('notes.txt');
    await editor.waitForRow('absent', /, failed, .*no-such-server/);
    await editor.screenshot('language servers');
    // As a process among others, by the command for these.
    await editor.warden('Stop', 'lsp:bash');
    await editor.waitForRow('bash', /, stopped, stopped by the user/);
    await eventually('nothing of it is left', () => editor.pidsWith('bash-language-server').length === 0);
  });

  it('says that its declaration has changed, and has the newest one after a restart', async () => {
    const { typescript } = processes.languageServers;
    const changed = { ...processes, languageServers: { typescript: { ...typescript, env: { CHANGED: 'yes' } } } };
    writeFileSync(join(editor.workspace, '.vscode', 'processes.json'), JSON.stringify(changed));
    await editor.waitForRow('typescript', /changed; restart to apply/);
    await editor.warden('Restart Language Server', 'typescript');
    await editor.waitForRow('typescript', /, running, (?!.*changed).*MB/);
    await isTrue('it answers', async () => (await probe.hover('main.ts', 'length')).includes('String.length'));
  });

  it('leaves no process behind when its window is closed, or the extension host is killed', async () => {
    await editor.page.close();
    await eventually('nothing is left of a window that is closed', () => serverPids().length === 0, 30_000);
    await serveAgain();
    killAll(editor.extensionHostPids);
    await eventually('nothing is left of a host that is killed', () => serverPids().length === 0, 30_000);
  });
});
