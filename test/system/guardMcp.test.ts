/** `tree-warden guard-mcp`: the files of other clients, and the launcher that they name. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { launcherScript } from '../../src/client/mcpLauncher.ts';
import { cli, eventually, Run } from '../support/run.ts';
import { survivorsAfterLooking } from '../support/survivors.ts';

const stubborn = fileURLToPath(new URL('../fixtures/stubbornMcpServer.mjs', import.meta.url));
const original = `{
  // for all of us
  "servers": {
    "stubborn": {
      "command": ${JSON.stringify(process.execPath)},
      "args": [${JSON.stringify(stubborn)}, "an argument", ""],
      "env": { "GREETING": "hello" }
    },
    "far": { "type": "http", "url": "https://example.com" }
  }
}
`;

/** A run whose home folder is its own, with a file of VS Code in its work folder. */
function prepared(): Run & { readonly file: string; readonly launcher: string } {
  const run = new Run();
  run.env['HOME'] = run.folder;
  delete run.env['XDG_CONFIG_HOME'];
  const file = join(run.workFolder, '.vscode', 'mcp.json');
  mkdirSync(dirname(file));
  writeFileSync(file, original);
  return Object.assign(run, { file, launcher: join(run.folder, 'state', 'tree-warden', 'bin', 'guard-mcp') });
}

interface Entry {
  readonly command: string;
  readonly args: string[];
  readonly env: Record<string, string>;
}

describe('tree-warden guard-mcp', () => {
  it('shows the change, asks, writes it, and takes it back to the byte', async () => {
    await using run = prepared();
    const shown = run.call(['guard-mcp', '--dry-run']);
    assert.equal(shown.code, 0);
    assert.match(shown.stdout, /far is left as it is: it is a remote server\.\n/);
    assert.ok(shown.stdout.includes(`\n-      "command": ${JSON.stringify(process.execPath)},\n`), shown.stdout);
    assert.ok(shown.stdout.includes(`\n+      "command": ${JSON.stringify(run.launcher)},\n`), shown.stdout);
    const unasked = run.call(['guard-mcp']);
    assert.deepEqual(
      [unasked.code, unasked.stderr],
      [2, 'tree-warden: No terminal can ask for a confirmation; use --yes to write the change, or --dry-run to see it.\n'],
    );
    assert.match(
      run.onTerminal(['guard-mcp'], 'n\n').output,
      /Do not commit them where others have no Tree Warden[\s\S]*Write this change\? \[y\/N\]/,
    );
    assert.equal(readFileSync(run.file, 'utf8'), original);
    assert.ok(!existsSync(run.launcher));

    assert.equal(run.onTerminal(['guard-mcp'], 'y\n').code, 0);
    assert.match(readFileSync(run.file, 'utf8'), /"args": \["stubborn", "--", /);
    assert.equal(statSync(run.launcher).mode & 0o777, 0o700);
    const again = run.call(['guard-mcp', '--yes']);
    assert.match(
      again.stdout,
      /stubborn is guarded already: .*\n.*far is left.*\nThere is no MCP server to guard in the files of the known clients\.\n$/,
    );
    assert.deepEqual(run.call(['guard-mcp', '--undo', '--yes']), { code: 0, stdout: undoneOutput(run), stderr: '' });
    assert.equal(readFileSync(run.file, 'utf8'), original);
  });

  it('changes the named files, and says which it cannot use', async () => {
    await using run = prepared();
    const broken = join(run.workFolder, 'broken.json');
    writeFileSync(broken, '{ "mcpServers": { ');
    const { code, stderr } = run.call(['guard-mcp', '--yes', run.file, 'broken.json', 'missing.json']);
    assert.equal(code, 1);
    assert.match(stderr, /broken\.json was left as it is: line 1, column 19: Not valid JSON: .*\n.*There is no file .*missing\.json\./);
    assert.equal(readFileSync(broken, 'utf8'), '{ "mcpServers": { ');
    assert.match(readFileSync(run.file, 'utf8'), /guard-mcp/);
  });

  it('shows no secret', async () => {
    await using run = prepared();
    const secret = 'sk-1234567890abcdefghijkl';
    writeFileSync(run.file, JSON.stringify({ servers: { a: { command: 'x', args: ['--key', secret], env: { A: 'x'.repeat(500) } } } }));
    const inOneLine = run.call(['guard-mcp', '--dry-run']).stdout;
    assert.match(inOneLine, /- a: x --key •••\n\+ a: x --key ••• \(guarded\)\n/);
    writeFileSync(run.file, `{"servers":{"a":{"command":"x",\n"args":["--key","${secret}"]}}}`);
    const { stdout } = run.call(['guard-mcp', '--dry-run']);
    assert.ok(stdout.includes('"--key","•••"]') && !stdout.includes(secret), stdout);
  });

  it('makes the server one of which nothing is left, with its arguments, environment and folder', async () => {
    await using run = prepared();
    run.call(['guard-mcp', '--yes']);
    const entry = entryOf(run.file);
    assert.deepEqual(await answerOf(run, entry), { greeting: 'hello', arguments: ['an argument', ''], cwd: run.workFolder });
    await eventually('nothing is left', async () => (await survivorsAfterLooking(run.workFolder)).length === 0);
  });

  it('survives an update, and the removal, of Tree Warden', async () => {
    await using run = prepared();
    // As the editor installs it: a folder for each version.
    const installed = (version: string): string => join(run.folder, 'ext', `tree-warden.tree-warden-${version}`);
    mkdirSync(installed('0.1.0'), { recursive: true });
    cpSync(dirname(cli), join(installed('0.1.0'), 'dist'), { recursive: true });
    for (const name of ['node_modules', 'package.json']) symlinkSync(join(dirname(cli), '..', name), join(installed('0.1.0'), name));
    const command = join(installed('0.1.0'), 'dist', 'cli.js');
    assert.equal(spawnSync(process.execPath, [command, 'guard-mcp', '--yes'], { cwd: run.workFolder, env: run.env }).status, 0);
    const entry = entryOf(run.file);
    renameSync(installed('0.1.0'), installed('0.2.0'));
    await answerOf(run, entry, () =>
      assert.deepEqual(
        run.ps().map(({ name }) => name),
        ['stubborn'],
      ),
    );
    await eventually('nothing is left', async () => (await survivorsAfterLooking(run.workFolder)).length === 0);

    rmSync(installed('0.2.0'), { recursive: true });
    const { stdout, stderr } = spawnSync(entry.command, ['name', '--', 'echo', 'as ever'], { encoding: 'utf8' });
    assert.equal(stdout, 'as ever\n');
    assert.match(stderr, /Tree Warden is not installed any more, so the MCP server name runs without a guard/);
  });

  it('is found by a terminal where its client has handed on hardly a variable, and hides that an Electron ran it', async () => {
    await using run = prepared();
    const launcher = join(run.folder, "launcher 'of' an Electron");
    writeFileSync(launcher, launcherScript({ node: process.execPath, isElectron: true, cli }, run.env), { mode: 0o700 });
    const { stdout } = spawnSync(launcher, ['name', '--', 'env'], {
      cwd: run.workFolder,
      encoding: 'utf8',
      env: { PATH: run.env['PATH'], HOME: run.folder },
    });
    assert.ok(stdout.includes(`TREE_WARDEN_RUNTIME_DIR=${run.runtimeFolder}\n`), stdout);
    assert.ok(!stdout.includes('ELECTRON_RUN_AS_NODE'), stdout);
  });
});

function undoneOutput(run: { readonly file: string; readonly launcher: string }): string {
  const args = (front: string): string => `      "args": [${front}${JSON.stringify(stubborn)}, "an argument", ""],`;
  return [
    `--- ${run.file}`,
    `+++ ${run.file}`,
    '@@ -4,4 +4,4 @@',
    '     "stubborn": {',
    `-      "command": ${JSON.stringify(run.launcher)},`,
    `-${args(`"stubborn", "--", ${JSON.stringify(process.execPath)}, `)}`,
    `+      "command": ${JSON.stringify(process.execPath)},`,
    `+${args('')}`,
    '       "env": { "GREETING": "hello" }',
    `${run.file}: 1 server restored.`,
    '',
  ].join('\n');
}

function entryOf(file: string): Entry {
  const text = readFileSync(file, 'utf8').replace('// for all of us', '');
  return (JSON.parse(text) as { servers: { stubborn: Entry } }).servers.stubborn;
}

/** What the server answers to the official client, which hands on few variables. */
async function answerOf(run: Run, { command, args, env }: Entry, meanwhile = (): void => undefined): Promise<unknown> {
  const client = new Client({ name: 'test', version: '1' });
  const marked = { ...env, XDG_STATE_HOME: run.env['XDG_STATE_HOME'] ?? '' };
  await client.connect(new StdioClientTransport({ command, args, cwd: run.workFolder, env: marked }));
  const { content } = (await client.callTool({ name: 'env', arguments: {} })) as unknown as { content: [{ text: string }] };
  meanwhile();
  await client.close();
  return JSON.parse(content[0].text);
}
