/** MCP servers that mcp.json declares, and that a real VS Code starts for its agents: as they are, and guarded by a command of ours. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { killAll, McpWindow, stubbornServer } from '../support/mcpWindow.ts';
import { eventually } from '../support/run.ts';

const [program, script] = stubbornServer;
const written = `{
  // of this workspace
  "servers": {
    "stubborn": {
      "command": ${JSON.stringify(program)},
      "args": [${JSON.stringify(script)}]
    }
  }
}
`;

describe('MCP servers that mcp.json declares', () => {
  let window: McpWindow;
  const mcpJson = (): string => readFileSync(window.file('mcp.json'), 'utf8');
  before(async () => {
    window = await McpWindow.open();
    writeFileSync(window.file('mcp.json'), written);
  });
  after(() => window[Symbol.asyncDispose]());

  it('outlive an extension host that is killed', async () => {
    killAll(await window.survivorsOf('mcp.json, not guarded', 'SIGKILL', 'inVain'));
  });

  it('can be guarded, after the change was shown', async () => {
    const { editor } = window;
    await editor.load();
    await editor.showProcesses();
    await editor.warden('Guard MCP Servers');
    await editor.entry('stubborn').waitFor();
    await editor.screenshot('mcp servers to guard');
    await editor.page.locator('.quick-input-widget .monaco-button').filter({ hasText: 'OK' }).click();
    const added = editor.page.locator('.monaco-diff-editor .editor.modified .view-lines');
    await eventually('the change is shown', async () => /guard-mcp/.test((await added.allInnerTexts()).join()));
    await editor.screenshot('mcp servers, the change');
    assert.equal(mcpJson(), written);
    await editor.pick('Write This Change', 'contains');
    await editor.notification(/Guarded from their next start on, in .*mcp\.json: stubborn/);
    assert.match(mcpJson(), /"args": \["stubborn", "--", /);
  });

  it('are guarded by the version that is installed, from its next window on', async () => {
    const launcher = join(window.editor.run.folder, 'state', 'tree-warden', 'bin', 'guard-mcp');
    const current = readFileSync(launcher, 'utf8');
    writeFileSync(launcher, current.replaceAll(/tree-warden-\d+\.\d+\.\d+/g, 'tree-warden-0.0.0'));
    await window.editor.reloadWindow();
    await eventually('the launcher leads to this version again', () => readFileSync(launcher, 'utf8') === current, 60_000);
  });

  // A reload is above.
  for (const death of ['close', 'SIGKILL'] as const)
    it(`end with the window once they are guarded: ${death}`, async () => {
      assert.deepEqual(await window.survivorsOf('mcp.json, guarded', death), []);
    });

  it('are restored to the byte', async () => {
    const { editor } = window;
    await editor.load();
    await editor.showProcesses();
    await editor.warden('Stop Guarding MCP Servers');
    await editor.entry('stubborn').waitFor();
    await editor.page.locator('.quick-input-widget .monaco-button').filter({ hasText: 'OK' }).click();
    await editor.pick('Write This Change', 'contains');
    await editor.notification(/Restored in .*mcp\.json: stubborn/);
    assert.equal(mcpJson(), written);
  });
});
