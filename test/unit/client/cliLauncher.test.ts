/** What starts the command line by its name in a terminal. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { cliLauncher } from '../../../src/client/cliLauncher.ts';

describe('the command tree-warden of terminals', () => {
  it('runs the script with the arguments as they are, whatever is in its path', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tw-cli-'));
    try {
      const odd = join(folder, `it's a "place" $HOME %PATH%`);
      mkdirSync(odd);
      const cli = join(odd, 'cli.js');
      writeFileSync(cli, 'console.log(JSON.stringify([process.argv.slice(2), process.env.ELECTRON_RUN_AS_NODE ?? null]))');
      for (const isElectron of [false, true]) {
        const { file, text } = cliLauncher({ node: process.execPath, isElectron, cli }, false);
        const path = join(folder, file);
        writeFileSync(path, text, { mode: 0o755 });
        const args = ['ps', '', 'a b', '$x', "'", '--', '*'];
        const { ELECTRON_RUN_AS_NODE: _, ...env } = process.env;
        assert.deepEqual(JSON.parse(execFileSync(path, args, { encoding: 'utf8', env })), [args, isElectron ? '1' : null]);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('is a batch file on Windows', () => {
    const target = { node: 'C:\\Program Files\\Code\\Code.exe', isElectron: true, cli: 'C:\\100%\\cli.js' };
    assert.deepEqual(cliLauncher(target, true), {
      file: 'tree-warden.cmd',
      text: '@setlocal\r\n@set ELECTRON_RUN_AS_NODE=1\r\n@"C:\\Program Files\\Code\\Code.exe" "C:\\100%%\\cli.js" %*\r\n',
    });
  });
});
