/** The dashboard's pages of models, in a real VS Code: what was asked, with its times and words, asked again; and the playground. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { FrameLocator, Locator } from 'playwright-core';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

const server = fileURLToPath(new URL('../fixtures/models/server.cjs', import.meta.url));

describe('the dashboard’s pages of models', () => {
  let editor: Editor;
  let page: FrameLocator;
  let url: string;
  let token: string;
  const rows = (): Locator => page.locator('#requests tbody tr');
  const texts = (column: string): Promise<string[]> => page.locator(`#requests td.${column}`).allInnerTexts();

  before(async () => {
    editor = await Editor.open({
      workspace: null,
      prepare: (workspace) => {
        mkdirSync(join(workspace, '.vscode'));
        const command = ['node', server, '--port', '${port}', '--name', '${name}', '--load', '300'];
        const model = { runtime: 'custom', command, ready: { http: 'http://127.0.0.1:${port}/health' } };
        writeFileSync(join(workspace, '.vscode', 'processes.json'), JSON.stringify({ models: { small: model, large: model } }));
      },
    });
    await editor.showProcesses();
    await editor.waitForRow('small', /, cold/);
    // As soon as the models are declared to the warden: before that, the commands say that there is no address yet.
    const copied = async (command: string, fits: RegExp): Promise<string> => {
      const isCopied = async (): Promise<boolean> => fits.test(await editor.clipboard());
      await editor.pressUntil(() => editor.warden(command), isCopied, `${command} has copied`);
      return await editor.clipboard();
    };
    url = await copied('Copy Endpoint', /^http:.*\/v1$/);
    token = await copied('Copy API Key', /^[\w-]{32}$/);
    await editor.warden('Show Requests');
    page = editor.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
    await page.locator('#tab-activity[aria-selected="true"]').waitFor();
  });
  after(() => editor[Symbol.asyncDispose]());

  const chat = async (model: string, content: string, changes: object = {}): Promise<void> => {
    const response = await fetch(`${url}/chat/completions`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', 'User-Agent': 'curl/8' },
      body: JSON.stringify({ model, messages: [{ role: 'user', content }], stream: true, ...changes }),
    });
    await response.text();
  };

  it('list what was asked as it is asked, with where its time went', async () => {
    await page.locator('#no-requests').waitFor();
    await chat('small', 'say 20 slow 20 wait 200');
    await chat('large', 'error 422');
    await eventually('both are listed, the newest first', async () => (await texts('status')).join() === '422,200');
    assert.deepEqual(
      [await texts('model'), await texts('client'), await texts('out')],
      [
        ['large', 'small'],
        ['curl/8', 'curl/8'],
        ['', '20'],
      ],
    );
    const words = (await page.locator('#requests .bar').last().getAttribute('aria-label')) ?? '';
    assert.match(words, /^(Queue [^,]+, )?Load [^,]+, First Token [^,]+, Answer /);
  });

  it('are filtered, and sorted, by the keyboard too', async () => {
    await page.locator('#failed-only').check();
    await eventually('only those are shown', async () => (await texts('model')).join() === 'large');
    await page.locator('#failed-only').uncheck();
    await page.locator('#requests th.total button').press('Enter');
    await eventually(
      'the longest is first',
      async () => (await page.locator('#requests th.total').getAttribute('aria-sort')) === 'descending',
    );
    await page.locator('#requests th.total button').press('Enter');
    await page.locator('#requests th.total button').press('Enter');
    await page.locator('#requests').press('End');
    await eventually('its details are shown', async () => /small/.test(await page.locator('#request-details').innerText()));
  });

  it('show what was said once that is kept, and ask it again', async () => {
    await page.locator('#keep-bodies').check();
    await eventually('it is kept', async () => (await page.locator('#request-details .note').innerText()).startsWith('What this request'));
    await chat('small', 'say 2', { metadata: { api_key: 'hush' } });
    await chat('small', 'say 3');
    await eventually('all are listed', async () => (await rows().count()) === 4);
    await page.locator('#requests').press('Home');
    await eventually('its words are shown', async () => /"content": "say 3"/.test(await page.locator('#request-texts').innerText()));
    await page.getByRole('button', { name: 'Replay' }).click();
    await eventually('it is answered again', async () => /Status 200/.test(await page.locator('#request-replay').innerText()));
    assert.match(await page.locator('#request-replay').innerText(), /small-2/);
    await eventually('that is a request as well', async () => (await texts('client'))[0] === 'tree-warden-replay');
    await page.getByRole('button', { name: 'Copy as curl' }).click();
    const copied = await eventually('it is copied', async () => {
      const text = await editor.clipboard();
      return text.startsWith('curl') && text;
    });
    assert.ok(copied.includes('$TREE_WARDEN_TOKEN') && !copied.includes(token), copied);
    await page.locator('#requests').press('ArrowDown');
    await eventually('its key is not shown', async () => /"api_key": "\*\*\*"/.test(await page.locator('#request-texts').innerText()));
    assert.equal(await page.getByRole('button', { name: 'Replay' }).isDisabled(), true);
    await editor.screenshot('requests');
  });

  it('forget what was said when that is switched off', async () => {
    await page.locator('#keep-bodies').uncheck();
    await eventually('it is gone', async () => (await page.locator('#request-texts').innerText()) === '');
  });

  it('ask two models side by side, and stop them', async () => {
    await page.locator('#tab-activity').press('ArrowRight');
    await page.locator('#playground-other').selectOption('large');
    await page.locator('#playground-prompt').fill('say 5 slow 30');
    await page.locator('#playground-prompt').press('Control+Enter');
    const answers = page.locator('.answer');
    const figures = /first token .* 5 tokens .* total/;
    await eventually('both have answered', async () => (await answers.allInnerTexts()).every((text) => figures.test(text)));
    assert.match((await answers.allInnerTexts()).join(), /small-4.*large-4/s);
    await page.locator('#playground-prompt').fill('say 100000 slow 20');
    await page.locator('#playground-send').click();
    await eventually('it has begun', async () => /small-9 /.test((await answers.first().innerText()) ?? ''));
    await page.locator('#playground-stop').click();
    await eventually('both have stopped', async () => (await answers.allInnerTexts()).every((text) => /stopped/.test(text)));
  });

  it('send images, and show an error as the server says it', async () => {
    const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
    await page.locator('#image-files').setInputFiles({ name: 'dot.png', mimeType: 'image/png', buffer: png });
    await page.locator('.thumbnail').waitFor();
    await page.locator('#playground-prompt').fill('error 418');
    await page.locator('#playground-send').click();
    await eventually('the error is shown', async () => /as told: 418/.test(await page.locator('.answer').first().innerText()));
    await editor.screenshot('playground');
  });

  it('come back as they were when they were hidden', async () => {
    await editor.warden('Reveal in processes.json', 'small');
    await editor.page.locator('.tab[aria-label*="processes.json"]').waitFor();
    await editor.warden('Open Dashboard');
    await eventually('the answers are there', async () => /as told: 418/.test(await page.locator('.answer').first().innerText()));
    assert.equal(await page.locator('#playground-prompt').inputValue(), 'error 418');
  });

  it('open the log of the server at that moment', async () => {
    await page.locator('#tab-activity').click();
    await eventually('they are listed again', async () => (await rows().count()) > 5);
    await page.locator('#requests').press('End');
    await page.getByRole('button', { name: 'Open Server Log' }).click();
    await editor.page.locator('.tab[aria-label*="small"][aria-label*=".log"]').waitFor();
  });
});
