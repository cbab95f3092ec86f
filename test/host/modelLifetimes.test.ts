/** How models come and go with their window, in a real VS Code: loaded when it opens, at the same address, and still there after a reload where that is wanted. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

const server = fileURLToPath(new URL('../fixtures/models/server.cjs', import.meta.url));

function declare(editor: Editor, changes: object = {}): void {
  const command = ['node', server, '--port', '${port}', '--name', '${name}', '--log', join(editor.workspace, 'log'), '--workers', '2'];
  const small = { runtime: 'custom', command, ...changes };
  writeFileSync(join(editor.workspace, '.vscode', 'processes.json'), JSON.stringify({ models: { small } }));
}

interface Served {
  readonly url: string;
  readonly state: string;
  readonly outstanding: number;
  readonly instances: readonly { readonly tree: string }[];
}

async function served(editor: Editor, wanted: (model: Served) => boolean): Promise<Served> {
  return await eventually('the model is so', () => {
    const [model] = JSON.parse(editor.run.call(['models', '--json']).stdout || '[]') as Served[];
    return model && wanted(model) && model;
  });
}

/** Seconds, longer than the default: an editor on a machine that is busy can take its time to come back. */
const reloadGrace = 45;

describe('a model that is to be preloaded', () => {
  let editor: Editor;
  let url: string;
  before(async () => {
    editor = await Editor.open();
    declare(editor, { preload: true });
    url = (await served(editor, () => true)).url;
  });
  after(() => editor[Symbol.asyncDispose]());

  it('is loaded when the window opens, after asking once', async () => {
    await editor.reloadWindow();
    const question = /This workspace declares processes that start automatically: small\./;
    await editor.holdNotification(question);
    assert.deepEqual(editor.workers, [], 'nothing was started before the answer');
    await editor.press(question, 'Always in This Workspace');
    assert.equal((await served(editor, ({ state }) => state === 'ready')).url, url, 'the address is the same');
  });

  it('is loaded anew after a reload, without a question, at the same address', async () => {
    const { instances } = await served(editor, () => true);
    await editor.reloadWindow();
    const after = await served(editor, ({ state, instances: [first] }) => state === 'ready' && first?.tree !== instances[0]?.tree);
    assert.equal(after.url, url);
    await eventually('the servers of before are gone', () => editor.workers.length === 3);
  });

  it('is gone with the window', async () => {
    await editor.page.close();
    await eventually('no process is left', () => editor.workers.length === 0 && editor.wardenPids.length === 0);
  });
});

describe('a model, with "treeWarden.onReload": "keep"', () => {
  let editor: Editor;
  before(async () => {
    editor = await Editor.open({ settings: { 'treeWarden.onReload': 'keep', 'treeWarden.reloadGrace': reloadGrace } });
    declare(editor);
    await served(editor, () => true);
  });
  after(() => editor[Symbol.asyncDispose]());

  it('goes on answering while the window is reloaded, and ends when it is closed', async () => {
    // The window knows its address a moment after the warden does.
    const key = async (): Promise<string | undefined> => (await editor.clipboard()).match(/^[\w-]{32}$/)?.[0];
    await editor.pressUntil(
      () => editor.warden('Copy API Key'),
      async () => (await key()) !== undefined,
      'the key is copied',
    );
    const token = await key();
    const { url } = await served(editor, () => true);
    const letGo = join(editor.run.folder, 'let-go');
    const answering = fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ model: 'small', stream: true, messages: [{ role: 'user', content: `say 100 slow 50 until ${letGo}` }] }),
    }).then((response) => response.text());
    const before = await served(editor, ({ outstanding }) => outstanding === 1);
    const workers = editor.workers.sort();
    await editor.reloadWindow();
    await editor.showProcesses();
    await editor.waitForRow('small', /, loaded, busy 1\/4/);
    writeFileSync(letGo, '');
    assert.match(await answering, /small-99 .*"finish_reason":"stop"/s);
    assert.deepEqual((await served(editor, () => true)).instances[0]?.tree, before.instances[0]?.tree);
    assert.deepEqual(editor.workers.sort(), workers);
    await editor.page.close();
    await eventually(
      'no process is left',
      () => editor.workers.length === 0 && editor.wardenPids.length === 0,
      reloadGrace * 1000 + 16_000,
    );
  });
});
