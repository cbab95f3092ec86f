import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Editor } from '../support/editor.ts';

const server = fileURLToPath(new URL('../fixtures/language-server/server.cjs', import.meta.url));

function declare(editor: Editor, spec: object): void {
  const languageServers = { declared: { command: [process.execPath, server], documentSelector: ['**/a.txt'], ...spec } };
  mkdirSync(join(editor.workspace, '.vscode'));
  writeFileSync(join(editor.workspace, '.vscode', 'processes.json'), JSON.stringify({ languageServers }));
}

describe('a language server of a workspace that is not trusted', () => {
  it('is listed, and not started: not for a document, and not by a command', async () => {
    const settings = { 'security.workspace.trust.startupPrompt': 'never', 'security.workspace.trust.banner': 'never' };
    await using editor = await Editor.open({ workspace: null, trusted: false, settings });
    declare(editor, { autoStart: true });
    writeFileSync(join(editor.workspace, 'a.txt'), 'text\n');
    await editor.load();
    await editor.showProcesses();
    await editor.waitForRow('declared', /, idle/);
    await editor.openFile('a.txt');
    await editor.warden('Start Language Server', 'declared');
    await editor.notification(/“declared” was not started, because this workspace is not trusted/);
    await editor.waitForRow('declared', /, idle/);
    assert.deepEqual(editor.pidsWith(server), []);
  });
});

describe('a language server with autoStart', () => {
  it('is started without a document, after the user has agreed', async () => {
    await using editor = await Editor.open({ workspace: null });
    declare(editor, { autoStart: true });
    await editor.load();
    const question = /This workspace declares processes that start automatically: declared/;
    await editor.holdNotification(question);
    await editor.showProcesses();
    await editor.waitForRow('declared', /, idle/);
    assert.deepEqual(editor.pidsWith(server), []);
    await editor.press(question, 'Just This Once');
    await editor.waitForRow('declared', /running/);
    assert.equal(editor.pidsWith(server).length, 1);
  });
});
