/** Which environment a tree has, and which its warden. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withoutEditor } from '../../src/protocol/environment.ts';
import { cli, eventually, Run } from '../support/run.ts';
import { printTable } from '../support/table.ts';
import { TestWarden } from '../support/warden.ts';

const set = {
  NODE_OPTIONS: '--no-warnings',
  ELECTRON_RUN_AS_NODE: '1',
  ELECTRON_ENABLE_LOGGING: '1',
  VSCODE_IPC_HOOK_CLI: '/tmp/none.sock',
  VSCODE_PID: '1',
  TREE_WARDEN_TOKEN: 'a secret key',
  MINE: 'it is mine',
};
/** Prints its environment into a file, which has its name when it is whole, and stays. */
const show = (file: string): [string, ...string[]] => [
  process.execPath,
  '-e',
  `const { renameSync, writeFileSync } = require('node:fs'); const file = ${JSON.stringify(file)}; writeFileSync(file + '.new', JSON.stringify(process.env)); renameSync(file + '.new', file); setInterval(() => {}, 1e6)`,
];
const environmentOf = (pid: number): Record<string, string> =>
  Object.fromEntries(
    readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .filter(Boolean)
      .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
const shown = (env: Record<string, string>): Record<string, string | undefined> =>
  Object.fromEntries(Object.keys(set).map((name) => [name, env[name]]));
const ofTheTerminal = { ...set, TREE_WARDEN_TOKEN: undefined };
const ofTheEditor = { ...shown({}), NODE_OPTIONS: set.NODE_OPTIONS, MINE: set.MINE };

describe('the environment', () => {
  const rows: [string, Record<string, string>][] = [];
  const read = async (file: string): Promise<Record<string, string>> =>
    JSON.parse(await eventually('it has shown its environment', () => existsSync(file) && readFileSync(file, 'utf8'))) as Record<
      string,
      string
    >;

  for (const [what, options] of [
    ['run', []],
    ['run --detached', ['--detached']],
  ] as const) {
    it(`of the command of ${what} is the terminal’s, without the key; of its warden, what is the warden’s`, async () => {
      await using run = new Run(set);
      const file = join(run.workFolder, 'environment');
      run.start(['run', ...options, '--', ...show(file)]);
      const env = await read(file);
      const [warden] = run.wardenPids();
      assert.deepEqual(shown(env), ofTheTerminal);
      const own = environmentOf(warden ?? 0);
      assert.deepEqual([own['NODE_OPTIONS'], own['TREE_WARDEN_TOKEN'], own['ELECTRON_RUN_AS_NODE']], [undefined, undefined, '1']);
      assert.deepEqual(
        Object.keys(env).filter((name) => /^TREE_WARDEN_ASIDE/.test(name)),
        [],
      );
      rows.push([`${what}, a tree`, env], [`${what}, its warden`, own]);
      run.call(['kill', '--all', '--now']);
    });
  }

  for (const stdio of ['pty', 'pipes'] as const)
    it(`of a tree (${stdio}) has variables whose names no shell has`, async () => {
      await using warden = await TestWarden.start();
      const file = join(warden.run.workFolder, 'environment');
      const odd = { 'a.b': 'dotted', 'npm_config_//registry.example/:_password': 'secret', 'BASH_FUNC_f%%': '() { :; }' };
      await warden.client.start(warden.request(show(file), { stdio, env: odd }));
      const env = await read(file);
      assert.deepEqual(Object.fromEntries(Object.keys(odd).map((name) => [name, env[name]])), odd);
    });

  it('of a command with one stream elsewhere than on the terminal has them, too', {
    skip: !existsSync('/bin/bash') && 'there is no bash',
  }, async () => {
    await using run = new Run();
    const file = join(run.workFolder, 'environment');
    const odd = {
      'a.b': 'dotted',
      'npm_config_//registry.example/:_password': 'secret',
      'BASH_FUNC_f%%': '() { :; }',
      BASH_ENV: '/no/such/file',
    };
    const script = join(run.workFolder, 'show.sh');
    const program = join(run.workFolder, 'show.cjs');
    writeFileSync(
      program,
      `require('node:fs').writeFileSync(${JSON.stringify(file)}, JSON.stringify([process.env, process.stdin.isTTY, process.stderr.isTTY]))`,
    );
    const set = Object.entries(odd).map((entry) => `'${entry.join('=')}'`);
    writeFileSync(script, `exec env ${set.join(' ')} ${process.execPath} ${cli} run -- ${process.execPath} ${program} 2>problems\n`);
    const { status } = spawnSync('script', ['-qec', `sh ${script}`, '/dev/null'], { cwd: run.workFolder, env: run.env, encoding: 'utf8' });
    assert.equal(status, 0);
    const [env, ...terminals] = JSON.parse(readFileSync(file, 'utf8')) as [Record<string, string>, ...boolean[]];
    assert.deepEqual(terminals, [true, null]);
    assert.deepEqual(Object.fromEntries(Object.keys(odd).map((name) => [name, env[name]])), odd);
    assert.equal(readFileSync(join(run.workFolder, 'problems'), 'utf8'), '');
  });

  it('of a tree of the editor, and of its probe, has nothing that the editor has set for itself', async () => {
    await using warden = await TestWarden.start(withoutEditor(set));
    const [file, probed] = ['environment', 'probed'].map((name) => join(warden.run.workFolder, name)) as [string, string];
    const argv = ['/bin/sh', '-c', `tr '\\0' '\\n' < /proc/self/environ > ${probed}`] as const;
    const ready = {
      check: { by: 'exec', argv } as const,
      delayMillis: 0,
      timeoutMillis: 10_000,
      failureThreshold: 3,
      successThreshold: 1,
    } as const;
    await warden.client.start(warden.request(show(file), { ready }));
    const env = await read(file);
    assert.deepEqual(shown(env), ofTheEditor);
    await eventually('it was probed', () => existsSync(probed) && readFileSync(probed, 'utf8').includes('MINE='));
    assert.doesNotMatch(readFileSync(probed, 'utf8'), /^(ELECTRON_|VSCODE_|TREE_WARDEN_(TOKEN|ASIDE))/m);
    rows.push(['the editor, a tree', env], ['the editor, its warden', environmentOf(warden.process.pid)]);
    printTable(
      'who has which variable of a process that has them all',
      ['', ...Object.keys(set)],
      rows.map(([who, has]) => [who, ...Object.keys(set).map((name) => (has[name] === undefined ? '–' : 'yes'))]),
    );
  });
});
