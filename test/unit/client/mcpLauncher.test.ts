/** Which launcher of MCP servers is written anew. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { launcherPath } from '../../../src/client/launcherPath.ts';
import { launcherScript, shouldWrite } from '../../../src/client/mcpLauncher.ts';
import { isLauncher } from '../../../src/protocol/mcpLauncher.ts';

describe('the launcher of MCP servers', () => {
  let folder: string;
  const target = (installation: string, version: string, node = '/usr/bin/node') => ({
    node,
    isElectron: false,
    cli: join(folder, installation, `tree-warden.tree-warden-${version}`, 'dist', 'cli.js'),
  });
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'tw-launcher-'));
    for (const { cli } of [target('a', '1.0.0'), target('a', '1.1.0'), target('b', '1.0.0')]) {
      mkdirSync(dirname(cli), { recursive: true });
      writeFileSync(cli, '');
    }
  });
  after(() => rmSync(folder, { recursive: true }));

  const cases: [string, () => string | undefined, boolean][] = [
    ['is written where there is none', () => undefined, true],
    ['is written over something else', () => 'exit 1', true],
    ['stays as it is', () => launcherScript(target('a', '1.1.0')), false],
    ['follows an update', () => launcherScript(target('a', '1.0.0')), true],
    ['follows an update of Node', () => launcherScript(target('a', '1.1.0', '/opt/node')), true],
    ['stays with another installation', () => launcherScript(target('b', '1.0.0')), false],
    ['leaves an installation that is gone', () => launcherScript(target('c', '1.0.0')), true],
  ];
  for (const [what, found, isWritten] of cases) it(what, () => assert.equal(shouldWrite(found(), target('a', '1.1.0')), isWritten));

  it('is known by its path, of whichever user', () => {
    assert.ok(isLauncher(launcherPath({ XDG_STATE_HOME: '/any' })));
    for (const other of ['guard-mcp', '/usr/bin/guard-mcp', '/x/tree-warden/bin/guard-mcp.old']) assert.ok(!isLauncher(other), other);
  });
});
