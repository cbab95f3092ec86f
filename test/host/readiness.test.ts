/** What waits in the editor until a process is ready: launch configurations, pages, debuggers. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NamedPorts } from '../../src/loopback/namedPorts.ts';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';
import { printTable } from '../support/table.ts';

/** Prints nothing, and answers after a while only. */
const silent = `setTimeout(() => require('node:http').createServer((request, response) => {
  response.setHeader('content-type', 'text/html');
  response.end('<h1>the silent page</h1>');
}).listen(process.env.PORT, '127.0.0.1', () => require('node:fs').writeFileSync('listening', String(Date.now()))), 2000);\n`;

/** Says what it was answered, and when it was started. */
const client = `const { writeFileSync } = require('node:fs');
const startedAt = Date.now();
fetch(process.argv[2]).then(({ status }) => status, (error) => error.cause.code).then((answer) =>
  writeFileSync('client', JSON.stringify({ startedAt, answer })));\n`;

const extension = fileURLToPath(new URL('../fixtures/api-extension', import.meta.url));
const reports = join(mkdtempSync(join(tmpdir(), 'tw-api-')), 'reports');
after(() => rmSync(dirname(reports), { recursive: true }));

/** Undefined where it is not there, or is just being written. */
function wholeJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

describe('what waits for a process', () => {
  let editor: Editor;
  let inspector = 0;
  before(async () => {
    const ports = new NamedPorts();
    inspector = await ports.portFor('inspector');
    const port = await ports.portFor('silent');
    editor = await Editor.open({ workspace: null, extension, env: { API_FILE: reports } });
    const config = join(editor.workspace, '.vscode');
    mkdirSync(config);
    const ready = { http: `http://127.0.0.1:${port}/` };
    const processes = {
      silent: { command: ['node', 'silent.js'], env: { PORT: String(port) }, ready },
      broken: { command: ['sleep', '1000'], ready: { tcp: 1, deadline: '1s' } },
      page: { command: ['node', 'silent.js'], env: { PORT: '${port:page}' }, ready: { tcp: '${port:page}' }, onReady: 'open' },
      external: {
        command: ['node', 'silent.js'],
        env: { PORT: '${port:external}' },
        ready: { tcp: '${port:external}' },
        onReady: 'openExternal',
      },
      inspected: {
        command: ['node', `--inspect=127.0.0.1:${inspector}`, '-e', 'setInterval(() => undefined, 1000)'],
        ready: { tcp: inspector },
        onReady: { debug: 'attach' },
      },
    };
    const launch = (name: string, more: object): object => ({
      type: 'node',
      request: 'launch',
      name,
      program: '${workspaceFolder}/client.js',
      ...more,
    });
    const configurations = [
      launch('client', { args: [ready.http], preLaunchTask: 'warden: silent' }),
      launch('client of broken', { args: [ready.http], preLaunchTask: 'warden: broken' }),
      { type: 'node', request: 'attach', name: 'attach', address: '127.0.0.1', port: inspector },
    ];
    const write = (path: string, text: string): void => writeFileSync(join(editor.workspace, path), text);
    write('silent.js', silent);
    write('client.js', client);
    write('.vscode/processes.json', JSON.stringify({ processes }));
    write('.vscode/launch.json', JSON.stringify({ version: '0.2.0', configurations }));
    await editor.load();
    await editor.showProcesses();
    await editor.waitForRow('silent', /idle/);
  });
  after(() => editor[Symbol.asyncDispose]());

  async function debug(name: string): Promise<void> {
    await editor.command('Debug: Select and Start Debugging');
    await editor.pick(name, 'contains');
  }

  const fileOf = (name: string): string => join(editor.workspace, name);
  const has = async (text: RegExp): Promise<void> =>
    void (await eventually(`${text} is said`, async () =>
      text.test(
        await editor.page
          .locator('.monaco-dialog-box')
          .innerText({ timeout: 1000 })
          .catch(() => ''),
      ),
    ));

  it('is debugged when the process answers, which prints nothing', async () => {
    const askedAt = Date.now();
    await debug('client');
    const { startedAt, answer } = await eventually(
      'the client has run',
      () => wholeJson<{ startedAt: number; answer: number }>(fileOf('client')),
      60_000,
    );
    const listeningAt = Number(readFileSync(fileOf('listening'), 'utf8'));
    assert.equal(answer, 200);
    assert.ok(startedAt > listeningAt);
    const since = (time: number): string => ((time - askedAt) / 1000).toFixed(2);
    printTable(
      'preLaunchTask',
      ['', 'seconds'],
      [
        ['the server answers', since(listeningAt)],
        ['the debugged program starts', since(startedAt)],
      ],
    );
    await editor.waitForRow('silent', /, live/);
    await editor.warden('Kill Now', 'silent');
    await editor.waitForRow('silent', /, ended/);
  });

  it('is not debugged where the process does not become ready, and the reason is among the problems', async () => {
    await debug('client of broken');
    await has(/preLaunchTask/);
    await editor.screenshot('a task that is not ready');
    await editor.dismiss();
    await editor.command('Problems: Focus on Problems View');
    const problem = editor.page
      .locator('.markers-panel .monaco-list-row')
      .filter({ hasText: '“broken” has failed: not ready after 1.0 s' });
    await problem.waitFor({ timeout: 30_000 });
    await editor.screenshot('problem of a task');
    await eventually('nothing is left', () => editor.workers.length === 0);
  });

  it('is shown its page, and again after a restart', async () => {
    await editor.start('page');
    const tabs = editor.page.locator('.tabs-container .tab[aria-label*="Simple Browser"]');
    await tabs.first().waitFor({ timeout: 30_000 });
    await eventually('the page is there', async () => {
      const texts = await Promise.all(
        editor.page.frames().map((frame) =>
          frame
            .locator('body')
            .innerText({ timeout: 1000 })
            .catch(() => ''),
        ),
      );
      return texts.some((text) => text.includes('the silent page'));
    });
    await editor.screenshot('onReady open');
    await editor.command('View: Close All Editors');
    await tabs.first().waitFor({ state: 'detached' });
    await editor.warden('Restart', 'page');
    await tabs.first().waitFor({ timeout: 30_000 });
    await editor.command('View: Close All Editors');
    await editor.warden('Kill Now', 'page');
  });

  it('is opened in the browser, and again after a restart', async () => {
    const context = editor.page.context();
    for (const start of [() => editor.start('external'), () => editor.warden('Restart', 'external')]) {
      const opened = context.waitForEvent('page', { timeout: 30_000 });
      await start();
      const page = await opened;
      await page.locator('h1', { hasText: 'the silent page' }).waitFor({ timeout: 30_000 });
      await page.close();
    }
    // Only as often as it became ready.
    assert.equal(context.pages().length, 1);
    await editor.warden('Kill Now', 'external');
  });

  it('has its debugger attached, and again after a restart', async () => {
    const attached = (): number => (editor.run.call(['logs', 'inspected']).stdout.match(/Debugger attached/g) ?? []).length;
    await editor.start('inspected');
    await eventually('a debugger is attached', () => attached() > 0, 30_000);
    await editor.page.locator('.debug-toolbar').waitFor({ timeout: 30_000 });
    await editor.screenshot('onReady debug');
    const first = editor.run.ps().find(({ name }) => name === 'inspected')?.leader.pid;
    await editor.warden('Restart', 'inspected');
    await eventually(
      'another one runs',
      () => ![undefined, first].includes(editor.run.ps().find(({ name, state }) => name === 'inspected' && state === 'ready')?.leader.pid),
      30_000,
    );
    await eventually('a debugger is attached again', () => attached() > 0, 30_000);
    await editor.warden('Kill Now', 'inspected');
    await eventually('nothing is left', () => editor.workers.length === 0);
  });

  it('is, by another extension, guarded as its own: in the view, by its streams, and never longer than the window', async () => {
    const said = (): { readonly stdout?: string; readonly line?: string; readonly exit?: { readonly reason: string } }[] =>
      existsSync(reports)
        ? readFileSync(reports, 'utf8')
            .split('\n')
            .slice(0, -1)
            .map((line) => JSON.parse(line))
        : [];
    await editor.command('API Example: Serve');
    await eventually('it is served', () => said().length === 1, 30_000);
    assert.deepEqual([said()[0]?.stdout, said()[0]?.line], ['hello', 'serving']);
    await editor.waitForRow('api server', /, live/);
    await editor.command('API Example: Stop');
    await eventually('it is told of the end', () => said()[1]?.exit?.reason === 'stopped by the program', 30_000);
    await eventually('nothing is left', () => editor.workers.length === 0);
    await editor.command('API Example: Serve');
    await eventually('it is served again', () => said().length === 3, 30_000);
    await editor.page.close();
    await eventually('nothing is left of a window that is closed', () => editor.workers.length === 0, 30_000);
  });
});
