/** MCP servers that processes.json declares, and that a real VS Code starts for its agents. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { McpWindow, stubbornServer, windowDeaths } from '../support/mcpWindow.ts';

describe('MCP servers that processes.json declares', () => {
  let window: McpWindow;
  before(async () => {
    window = await McpWindow.open();
    writeFileSync(window.file('processes.json'), JSON.stringify({ mcpServers: { stubborn: { command: stubbornServer } } }));
  });
  after(() => window[Symbol.asyncDispose]());

  for (const death of windowDeaths)
    it(`end with the window: ${death}`, async () => {
      assert.deepEqual(await window.survivorsOf('processes.json', death), []);
    });
});
