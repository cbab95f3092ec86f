/** What is seen at a glance: the list behind the status bar item, the rows of a narrow sidebar, and a server that takes its port from the Procfile's runner. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Locator } from 'playwright-core';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

const server = `require('node:http').createServer((_request, response) => response.end(process.argv[2])).listen(process.argv[3], '127.0.0.1');\n`;
const procfile = 'web: node server.js web $PORT\nadmin: node server.js admin $PORT\n';

describe('at a glance', () => {
  let editor: Editor;
  const file = (): string => join(editor.workspace, '.vscode', 'processes.json');
  /** The port that the row of a process shows, once it does. */
  const portOf = async (name: string): Promise<number> => Number((await editor.waitForRow(name, /, live, .* :\d+$/)).match(/:(\d+)$/)?.[1]);
  const answerOf = async (port: number): Promise<string> => await (await fetch(`http://127.0.0.1:${port}`)).text();
  const statusItem = (): Locator => editor.page.locator('.statusbar-item[id*="tree-warden"]');
  const lists = async (...labels: string[]): Promise<void> => {
    const rows = editor.page.locator('.quick-input-list .monaco-list-row .label-name');
    await eventually(`the list has ${labels}`, async () => (await rows.allInnerTexts()).join() === labels.join());
  };

  before(async () => {
    editor = await Editor.open({
      workspace: null,
      prepare: (folder) => {
        writeFileSync(join(folder, 'server.js'), server);
        writeFileSync(join(folder, 'Procfile'), procfile);
      },
    });
    await editor.showProcesses();
    await editor.waitForRow('admin', /idle/);
  });
  after(() => editor[Symbol.asyncDispose]());

  it('a server of a Procfile listens on its $PORT at the first click, each on a port of its own', async () => {
    await editor.pressOnRow('web', 'Run Found Process', /, live/);
    const web = await portOf('web');
    await editor.pressOnRow('admin', 'Run Found Process', /, live/);
    const admin = await portOf('admin');
    assert.notEqual(web, admin);
    assert.deepEqual([await answerOf(web), await answerOf(admin)], ['web', 'admin']);
    await editor.screenshot('procfile');
  });

  it('which is kept, and stays the same process and the same port', async () => {
    const before = await portOf('web');
    await editor.pressOnRow('web', 'Keep in processes.json', () => existsSync(file()) && /"PORT": "\$\{port:web\}"/.test(read(file())));
    assert.match(read(file()), /"command": "node server.js web \$PORT",\n {6}"env": \{ "PORT": "\$\{port:web\}" \}\n/);
    await eventually('it stands among the declared', async () => /^web, live, .*:\d+$/.test((await editor.rowTexts())[0] ?? ''));
    assert.equal(await portOf('web'), before);
    await editor.warden('Restart', 'web');
    await eventually('it serves again', async () => (await answerOf(await portOf('web')).catch(() => '')) === 'web');
  });

  it('the status bar lists what has failed first, then what runs, then the dashboard and Stop All', async () => {
    const declared = JSON.parse(read(file()).replace(/^\s*\/\/.*$/gm, '')) as { processes: object };
    const broken = { command: 'echo out of luck; exit 3' };
    writeFileSync(file(), JSON.stringify({ processes: { ...declared.processes, broken } }));
    await editor.waitForRow('broken', /idle/);
    await editor.warden('Start', 'broken');
    await editor.waitForRow('broken', /, ended, .*3/);
    await eventually('the item counts it', async () => /2 trees[\s\S]*1 failed/.test(await statusItem().innerText()));
    await editor.page.mouse.move(700, 300);
    await statusItem().click();
    await lists('broken', 'web', 'admin', 'Open Dashboard', 'Show Processes View', 'Stop All');
    const sections = await editor.page.locator('.quick-input-list .quick-input-list-separator:visible').allInnerTexts();
    assert.deepEqual(sections.filter(Boolean), ['Needs Attention', 'Running', 'Actions']);
    await editor.screenshot('status list');
    await editor.pick('broken', 'contains');
    await lists('Show Output', 'Start', 'Show Runs', 'Reveal in processes.json');
    await editor.pick('Show Output', 'contains');
    await editor.waitForTerminal(/out of luck/);
    await editor.command('View: Hide Panel');
  });

  it('the list opens the dashboard, and stops all', async () => {
    await statusItem().click();
    await editor.pick('Open Dashboard', 'contains');
    await editor.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame').locator('.chip').first().waitFor();
    await statusItem().click();
    await editor.pick('Stop All', 'contains');
    await eventually('nothing runs', () => editor.run.ps().length === 0);
    await eventually('the item counts what has failed', async () => /^1 failed/.test((await statusItem().innerText()).trim()));
  });

  it('a narrow sidebar shows the state before the figures', async () => {
    const stubborn = { command: `trap '' INT TERM; echo up; while :; do sleep 0.2; done`, stop: ['SIGTERM', '2m'] };
    const slow = { command: 'sleep 1000', ready: { exec: 'false', timeout: '10m' } };
    writeFileSync(file(), JSON.stringify({ processes: { stubborn, slow } }));
    await editor.waitForRow('stubborn', /idle/);
    await editor.warden('Start', 'stubborn');
    // From then on it does not end when it is asked to.
    await editor.waitForTerminal(/\bup\b/);
    await editor.warden('Start', 'slow');
    const sash = editor.page.locator('.monaco-sash.vertical:not(.disabled)').first();
    const box = (await sash.boundingBox()) ?? assert.fail('the sidebar has no edge');
    await editor.page.mouse.move(box.x + 2, 400);
    await editor.page.mouse.down();
    await editor.page.mouse.move(48 + 200, 400, { steps: 5 });
    await editor.page.mouse.up();
    const sidebar = editor.page.locator('.part.sidebar');
    await eventually('it is narrow', async () => ((await sidebar.boundingBox())?.width ?? 0) <= 220);
    await editor.waitForRow('stubborn', /, live, [\d.]+ % {2}/);
    await editor.waitForRow('slow', /, live, starting {2}[\d.]+ % {2}/);
    await editor.warden('Stop', 'stubborn');
    await editor.waitForRow('stubborn', /, live, stopping {2}[\d.]+ % {2}/);
    await editor.page.mouse.move(700, 300);
    await editor.screenshot('narrow');
    for (const [name, state] of [
      ['stubborn', 'stopping'],
      ['slow', 'starting'],
    ] as const) {
      const description = editor.row(name).locator('.label-description').first();
      const [text, shown] = [await description.boundingBox(), await sidebar.boundingBox()];
      assert.match(await description.innerText(), new RegExp(`^${state}`));
      // As wide as the word is, in the font of the view.
      assert.ok((shown?.x ?? 0) + (shown?.width ?? 0) - (text?.x ?? 0) > state.length * 6, `${state} is cut off`);
    }
    await editor.warden('Kill All');
    await eventually('nothing runs', () => editor.run.ps().length === 0);
  });
});

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
