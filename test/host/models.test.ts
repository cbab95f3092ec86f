/** Models, in a real VS Code: in the view, at their address, in the editor's own picker, and gone with the window. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Editor } from '../support/editor.ts';
import { killAll } from '../support/mcpWindow.ts';
import { eventually, Run } from '../support/run.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

/** Answers a question of the editor with yes; gives its text, or null where there is none. Runs in the page. */
const agree = `(() => {
  const dialog = document.querySelector('.monaco-dialog-box');
  const yes = [...(dialog?.querySelectorAll('.monaco-button') ?? [])].find(({ textContent }) => /^(Allow|Yes)$/.test(textContent.trim()));
  if (!yes) return null;
  const text = dialog.innerText;
  yes.click();
  return text;
})()`;

describe('models', () => {
  let editor: Editor;
  let folder: Run;
  /** What a person was asked before an agent's tool did anything. */
  const asked: string[] = [];
  const answers = (): string => join(folder.folder, 'answers.json');

  before(async () => {
    folder = new Run();
    editor = await Editor.open({ extension: fixture('chat-extension'), env: { CHAT_FILE: answers() } });
    const command = [
      'node',
      fixture('models/server.cjs'),
      '--port',
      '${port}',
      '--name',
      '${name}',
      '--log',
      join(editor.workspace, 'log'),
      '--load',
      '400',
      '--hold',
      join(editor.workspace, 'loaded'),
    ];
    const models = {
      small: {
        runtime: 'custom',
        command,
        description: 'answers at once',
        aliases: ['gpt-4o-mini'],
        ttl: '1h',
        progress: '(\\d+)% Completed',
        ready: { http: 'http://127.0.0.1:${port}/health' },
      },
      lost: { runtime: 'llama.cpp', model: 'org/lost-GGUF' },
    };
    writeFileSync(
      join(editor.workspace, '.vscode', 'processes.json'),
      JSON.stringify({ processes: { web: { command: 'echo served; sleep 600', ready: { log: 'served' } } }, models }),
    );
    await editor.showProcesses();
    await editor.waitForRow('small', /, cold, answers at once/);
  });
  after(async () => {
    await editor[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  it('are loaded by the button of their row, and show how far that is', async () => {
    await editor.pressOnRow('small', 'Load', /, busy/);
    await editor.waitForRow('small', /, busy, loading 75 %/);
    writeFileSync(join(editor.workspace, 'loaded'), '');
    await editor.waitForRow('small', /, loaded, ready/);
    await editor.expand('small');
    await eventually('its server is below it', async () => (await editor.rowTexts()).some((text) => text.startsWith('small#1,')));
  });

  it('say where a program comes from that is not there', async () => {
    await editor.warden('Load Model', 'lost');
    await editor.notification(/There is no command 'llama-server' in the PATH .*It comes with llama\.cpp/);
    await editor.waitForRow('lost', /, cold, failed/);
  });

  it('answer at the address that is copied', async () => {
    const copied = async (command: string, text: RegExp): Promise<string> => {
      await editor.warden(command);
      return await eventually(`${command} has copied`, async () => {
        const found = await editor.clipboard();
        return text.test(found) && found;
      });
    };
    const url = await copied('Copy Endpoint', /^http:.*\/v1$/);
    const token = await copied('Copy API Key', /^[\w-]{32}$/);
    const content = `say 30 slow 50 until ${join(editor.workspace, 'seen')}`;
    const response = await fetch(`${url}/chat/completions`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-4o-mini', stream: true, messages: [{ role: 'user', content }] }),
    });
    await editor.waitForRow('small', /busy 1\/4/);
    writeFileSync(join(editor.workspace, 'seen'), '');
    // The page of a server on this machine may ask, too.
    const page = await editor.newPage();
    await page.goto(`${new URL(editor.page.url()).origin}/healthz`);
    const listed = await page.evaluate(
      async (asked) =>
        (await fetch(`${asked.url}/models`, { headers: { Authorization: `Bearer ${asked.token}` } })).json() as Promise<object>,
      { url, token },
    );
    await page.close();
    assert.deepEqual(
      (listed as { data: { id: string }[] }).data.map(({ id }) => id),
      ['small', 'lost'],
    );
    assert.match(await response.text(), /small-29 /);
    await editor.waitForRow('small', /ready {2}\d+\.\d tokens\/s .* until \d\d:\d\d:\d\d/);
    await editor.hover('small', 'Aliases: gpt-4o-mini');
    await editor.screenshot('models');
    await editor.page.mouse.move(700, 300);
  });

  it('can be tried', async () => {
    await editor.warden('Try a Prompt…', 'small');
    const input = editor.page.locator('.quick-input-widget .quick-input-box input');
    await eventually('it asks', async () =>
      /Prompt to send to the model/.test(await editor.page.locator('.quick-input-widget').innerText()),
    );
    await input.fill('say 3');
    await input.press('Enter');
    await eventually('the answer is there', async () =>
      /small-0 small-1 small-2/.test(
        (await editor.page.locator('.editor-instance .view-lines').allInnerTexts()).join(' ').replaceAll('\u00a0', ' '),
      ),
    );
  });

  it('are there for other extensions: streams, calls of tools, cancelled, with errors', async () => {
    await editor.command('Chat Probe: Ask');
    // The editor asks whether that extension may, and before anything changes.
    await eventually('it has answered', async () => {
      // Read and answered in one step: behind the one that was read, another one may be open.
      const question = (await editor.page.evaluate(agree)) as string | null;
      if (question !== null && !asked.includes(question)) asked.push(question);
      return existsSync(answers());
    });
    const found = JSON.parse(readFileSync(answers(), 'utf8')) as Record<string, unknown> & { failed: { message: string } };
    assert.deepEqual(found['models'], [
      { id: 'small', family: 'small' },
      { id: 'lost', family: 'lost' },
    ]);
    assert.deepEqual(found['said'], { pieces: ['small-0 ', 'small-1 ', 'small-2 ', 'small-3 '], calls: [] });
    assert.deepEqual(found['called'], { pieces: [], calls: [{ name: 'stop', input: { process: 'web' } }] });
    assert.match(String(found['cancelled']), /^ended after|^refused: Canceled/);
    assert.match(found.failed.message, /as told: 422/);
    assert.equal(found['tokens'], 2);
    await eventually('the server has seen that it was cancelled', () =>
      readFileSync(join(editor.workspace, 'log'), 'utf8').includes('aborted'),
    );
  });

  it('and so are tools for agents, which start and stop processes of the window', () => {
    const { agent } = JSON.parse(readFileSync(answers(), 'utf8')) as { agent: Record<string, string> & { tools: string[] } };
    assert.equal(agent.tools.length, 8);
    const questions = asked.map((text) => text.match(/^(Start|Stop) (web\b.*)$/m)?.[0]).filter(Boolean);
    assert.deepEqual(questions.slice(0, 2), ['Start web?', 'Stop web and all that it has started?']);
    assert.match(agent['before'] ?? '', /"notRunning": \[\s+\{\s+"name": "web"/);
    assert.match(agent['ready'] ?? '', /"state": "ready"/);
    assert.match(agent['output'] ?? '', /^served$/);
    assert.match(agent['wrong'] ?? '', /There is no running process 'web'/);
  });

  it('are used by other clients, when that is wanted', async () => {
    await editor.warden('Use This Model in Other Clients…', 'small');
    const boxes = editor.page.locator('.quick-input-list .monaco-list-row', { hasText: 'Terminals in this workspace' });
    await boxes.locator('input[type="checkbox"], .monaco-checkbox').first().click();
    await editor.page.locator('.quick-input-widget .monaco-button').filter({ hasText: 'OK' }).click();
    const dialog = editor.page.locator('.monaco-dialog-box');
    await dialog.waitFor();
    assert.match(await dialog.innerText(), /OPENAI_BASE_URL = http:.*\/v1\s+OPENAI_API_KEY = •••/);
    await dialog.locator('.monaco-button').filter({ hasText: 'Write' }).click();
    // A terminal has the variables that were set before it was opened.
    const openTerminal = async (): Promise<void> => {
      await editor.command('Terminal: Create New Terminal');
      await editor.waitForTerminal(/[#$]\s*$/);
      await editor.typeIntoTerminal('echo "[$OPENAI_BASE_URL]"\n');
    };
    const isShown = async (): Promise<boolean> => /\[http:\/\/127\.0\.0\.1:\d+\/v1\]/.test(await editor.terminalText());
    await editor.pressUntil(openTerminal, isShown, 'a new terminal has it');
  });

  it('are in the dashboard, with what they have answered', async () => {
    await editor.warden('Open Dashboard');
    const page = editor.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
    await eventually('it is listed', async () =>
      /^small\s+ready\s+1\/1\s+0\s+\d+/.test(
        (await page.locator('#models').innerText()).split('\n').find((line) => line.startsWith('small')) ?? '',
      ),
    );
    await editor.screenshot('dashboard-models');
  });

  it('are unloaded by the button, and loaded again at the next request', async () => {
    await editor.pressOnRow('small', 'Unload', /, cold, answers at once/);
    assert.deepEqual(editor.run.ps(), []);
    assert.equal(editor.run.call(['load', 'small']).stdout, 'small: ready\n');
    await editor.waitForRow('small', /, loaded, ready/);
  });

  it('come back at the same address when their warden was killed', async () => {
    const before = JSON.parse(editor.run.call(['models', '--json']).stdout) as { url: string }[];
    killAll(editor.wardenPids);
    await editor.notification(/background process ended unexpectedly/);
    await eventually('they are served again', () => {
      // It prints nothing where the warden that it asks ends meanwhile.
      const now = JSON.parse(editor.run.call(['models', '--json']).stdout || '[]') as { url: string; state: string }[];
      return now[0]?.url === before[0]?.url && now[0]?.state === 'cold';
    });
    await editor.waitForRow('small', /, cold, /);
    assert.equal(editor.run.call(['load', 'small']).stdout, 'small: ready\n');
  });

  it('are gone with the window', async () => {
    assert.ok(editor.workers.length > 0);
    await editor.page.close();
    await eventually('no process is left', () => editor.workers.length === 0 && editor.wardenPids.length === 0);
  });
});
