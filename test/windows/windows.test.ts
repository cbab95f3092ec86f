/** The Windows code, run for real under Wine: job objects, named pipes, and the deaths that they are for. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually, Run } from '../support/run.ts';
import { isAlive, survivorsAfterLooking, survivorsOf } from '../support/survivors.ts';
import { printTable } from '../support/table.ts';
import { testScope } from '../support/testScope.ts';
import { bundleForWine, callWine, endWine, prepareWine, startWine, wineMissing } from '../support/wine.ts';

const fixtures = fileURLToPath(new URL('../fixtures/windows', import.meta.url));
const tree = join(fixtures, 'tree.cjs');
/** The leader, three children, a detached one, and the orphan. */
const treeSize = 6;
/** Each takes Wine tenths of a second of both processors: so many in one run of it, and so many runs. */
const quickSpawns = { inRun: 50, runs: testScope() === 'full' ? 20 : 4 } as const;
const nodeOfWindows = ['-e', 'console.log(process.execPath)'];

if (wineMissing) console.log(`\n!!! ${wineMissing} !!!\n`);

describe('on Windows (under Wine)', { skip: wineMissing }, () => {
  const rows: string[][] = [];
  let node = '';
  before(async () => {
    prepareWine();
    await using run = new Run();
    node = callWine(nodeOfWindows, join(run.folder, 'out.txt')).output.trim();
  });
  after(async () => {
    await endWine();
    printTable('under Wine: survivors of a tree with detached grandchildren', ['', 'before', 'survivors', 'seconds until zero'], rows);
  });

  const cli = (run: Run, ...args: string[]): ReturnType<typeof callWine> =>
    callWine(['dist/cli.js', ...args], join(run.folder, 'out.txt'), run.env);

  function startTree(run: Run, ...options: string[]): void {
    const command = [node, tree, run.workFolder];
    startWine(
      ['dist/cli.js', 'run', '--grace', '500ms', '--name', 'it', ...options, '--', ...command],
      join(run.folder, 'run.txt'),
      run.env,
    );
  }

  const members = (run: Run): { pid: number; command: string }[] =>
    survivorsOf(run.workFolder).filter(({ command }) => !/(cli|warden)\.js/.test(command));
  const pidOf = (run: Run, script: string): number | undefined =>
    survivorsOf(run.folder).find(({ command }) => command.includes(script))?.pid;

  it('says what it has', async () => {
    await using run = new Run();
    const { code, output } = cli(run, 'doctor');
    assert.equal(code, 0, output);
    assert.match(output, /Containment on this machine \(windows\):\n {2}✔ job /);
  });

  it('passes output and exit codes on, and takes a line for the shell', async () => {
    await using run = new Run();
    const { code, output } = cli(run, 'run', '--', 'cmd.exe', '/d', '/s', '/c', 'echo "it is" here& exit 5');
    assert.deepEqual({ code, output }, { code: 5, output: '"it is" here\n' });
  });

  describe('finds and quotes as Windows does', () => {
    const print = 'console.log(JSON.stringify(process.argv.slice(2)))';
    /** Programs as packages put them there: a script for another shell, and beside it the one for cmd.exe. */
    function install(run: Run): string {
      const folder = join(run.workFolder, 'a b');
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'print.cjs'), print);
      writeFileSync(join(folder, 'tool'), '#!/bin/sh\necho the wrong one\n');
      writeFileSync(join(folder, 'tool.cmd'), `@"${node}" "%~dp0print.cjs" %*\r\n`);
      return folder;
    }
    const inWindows = (path: string): string => `Z:${path.replaceAll('/', '\\')}`;
    // No percent sign: Wine’s cmd.exe, unlike that of Windows, looks for variables in what %* stands for.
    const args = ['run', 'a b', '', 'say "x"', 'a&b', 'c^d', 'e|f', '(g)', 'h\\', 'i j\\', '<k>', 'l;m,n=o'];

    it('a .cmd by its name in the PATH, before the script beside it, with each argument as it was', async () => {
      await using run = new Run();
      const folder = install(run);
      // By a process of ours, whose PATH is to have that folder.
      const { code, output } = callWine(['dist/cli.js', 'run', '--', 'tool', ...args], join(run.folder, 'out.txt'), {
        ...run.env,
        WINEPATH: inWindows(folder),
      });
      assert.deepEqual({ code, output }, { code: 0, output: `${JSON.stringify(args)}\n` });
    });

    it('a .cmd by its path, and a program', async () => {
      await using run = new Run();
      const folder = install(run);
      for (const command of [
        [inWindows(join(folder, 'tool.cmd'))],
        [inWindows(join(folder, 'tool'))],
        [node, inWindows(join(folder, 'print.cjs'))],
      ]) {
        const { code, output } = cli(run, 'run', '--', ...command, ...args);
        assert.deepEqual({ code, output }, { code: 0, output: `${JSON.stringify(args)}\n` });
      }
    });

    it('a program that cmd.exe is to run, with each argument by itself', async () => {
      await using run = new Run();
      const folder = install(run);
      const { code, output } = cli(run, 'run', '--', 'cmd.exe', '/d', '/c', inWindows(join(folder, 'tool.cmd')), 'a b', 'c d', 'e');
      assert.deepEqual({ code, args: JSON.parse(output) }, { code: 0, args: ['a b', 'c d', 'e'] });
    });
  });

  it('lists every member, with figures, and stops gently by one command', async () => {
    await using run = new Run();
    startTree(run);
    await eventually('all are up', () => members(run).length >= treeSize);
    type Listed = { state: string; containment: string; memoryBytes: number; members: { name: string; stray: boolean }[] };
    // The one that only starts the orphan takes a moment to leave.
    const found = await eventually('all are listed', () => {
      const [one] = JSON.parse(cli(run, 'ps', '--json').output) as Listed[];
      return one?.members.length === treeSize ? one : undefined;
    });
    assert.deepEqual([found.state, found.containment], ['ready', 'job']);
    assert.deepEqual(
      found.members.filter(({ stray }) => stray),
      [],
      'there are no groups and sessions to leave',
    );
    assert.ok(found.memoryBytes > 10 * 2 ** 20, `${found.memoryBytes} bytes`);
    assert.match(cli(run, 'kill', 'it').output, /it: stopped/);
    // The leader was asked by a key on its console, and has answered as it likes.
    const ended = await eventually('its end is written down', () => run.journal().find((record) => record['event'] === 'ended'));
    assert.equal(ended['code'], 7);
    await eventually('no process is left', async () => (await survivorsAfterLooking(run.workFolder)).length === 0);
  });

  const deaths: [string, (run: Run) => void][] = [
    ['stop', (run) => void cli(run, 'kill', 'it')],
    ['kill now', (run) => void cli(run, 'kill', '--now', 'it')],
    ['SIGKILL of the warden', (run) => kill(pidOf(run, 'warden.js'))],
    ['SIGKILL of the host', (run) => kill(pidOf(run, 'cli.js'))],
    ['SIGKILL of both', (run) => kill(pidOf(run, 'cli.js'), pidOf(run, 'warden.js'))],
  ];
  for (const [name, strike] of deaths) {
    it(`no process survives: ${name}`, async () => {
      await using run = new Run();
      startTree(run);
      await eventually('all are up', () => members(run).length >= treeSize);
      const count = members(run).length;
      const struckAt = Date.now();
      strike(run);
      await eventually('no process is left', async () => (await survivorsAfterLooking(run.workFolder)).length === 0);
      rows.push([name, String(count), '0', ((Date.now() - struckAt) / 1000).toFixed(2)]);
      await eventually('the warden has ended', () => pidOf(run, 'warden.js') === undefined);
    });
  }

  it('ends a tree that has more processes than it may', async () => {
    await using run = new Run();
    startTree(run, '--processes', '3');
    await eventually(
      'no process is left',
      () => /./.test(journal(run)) && members(run).length === 0 && /limit of 3 processes was reached/.test(journal(run)),
    );
  });

  it('refuses what is of another system', async () => {
    await using run = new Run();
    const { code, output } = cli(run, 'run', '-c', 'namespace', '--', 'cmd.exe', '/c', 'exit');
    assert.notEqual(code, 0);
    assert.match(output, /"namespace" is for Linux; on Windows use/);
  });

  for (let number = 1; number <= quickSpawns.runs; number++)
    it(`none of ${quickSpawns.inRun} quick spawns is outside of the warden’s job (${number} of ${quickSpawns.runs})`, async () => {
      await using run = new Run();
      const script = await bundleForWine(join(fixtures, 'quickSpawns.ts'), 'quickSpawns');
      const { code, output } = callWine([script, String(quickSpawns.inRun)], join(run.folder, 'out.txt'));
      assert.equal(code, 0, output);
      const { started, seen, outside, refused } = JSON.parse(output) as Record<'started' | 'seen' | 'outside' | 'refused', number>;
      console.log(`${started} spawned, ${seen} seen in the job, ${outside} outside, ${refused} that Wine could not start`);
      assert.deepEqual([started, outside], [quickSpawns.inRun, 0]);
      assert.ok(seen > quickSpawns.inRun / 10, `${seen} were seen alive`);
    });
});

function journal(run: Run): string {
  try {
    return readFileSync(run.journalPath, 'utf8');
  } catch {
    return '';
  }
}

function kill(...pids: readonly (number | undefined)[]): void {
  for (const pid of pids) {
    assert.ok(pid !== undefined && isAlive(pid), 'there is a process to kill');
    process.kill(pid, 'SIGKILL');
  }
}
