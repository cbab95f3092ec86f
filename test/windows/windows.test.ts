/** The Windows code, run for real under Wine: job objects, named pipes, and the deaths that they are for. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually, Run } from '../support/run.ts';
import { isAlive, survivorsAfterLooking, survivorsOf } from '../support/survivors.ts';
import { printTable } from '../support/table.ts';
import { bundleForWine, callWine, endWine, prepareWine, startWine, wineMissing } from '../support/wine.ts';

const fixtures = fileURLToPath(new URL('../fixtures/windows', import.meta.url));
const tree = join(fixtures, 'tree.cjs');
/** The leader, three children, a detached one, and the orphan. */
const treeSize = 6;
const nodeOfWindows = ['-e', 'console.log(process.execPath)'];

if (wineMissing) console.log(`\n!!! ${wineMissing} !!!\n`);

describe('on Windows (under Wine)', { skip: wineMissing }, () => {
  const rows: string[][] = [];
  let node = '';
  before(() => {
    prepareWine();
    node = callWine(nodeOfWindows, '/tmp/tw-wine-node.txt').output.trim();
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

  it('lists every member, with figures, and stops gently by one command', async () => {
    await using run = new Run();
    startTree(run);
    await eventually('all are up', () => members(run).length >= treeSize);
    type Listed = { state: string; containment: string; memoryBytes: number; members: { name: string }[] };
    // The one that only starts the orphan takes a moment to leave.
    const found = await eventually('all are listed', () => {
      const [one] = JSON.parse(cli(run, 'ps', '--json').output) as Listed[];
      return one?.members.length === treeSize ? one : undefined;
    });
    assert.deepEqual([found.state, found.containment], ['ready', 'job']);
    assert.ok(found.memoryBytes > 10 * 2 ** 20, `${found.memoryBytes} bytes`);
    assert.match(cli(run, 'kill', 'it').output, /it: stopped/);
    // The leader was asked by a key on its console, and has answered as it likes.
    const ended = run.journal().find((record) => record['event'] === 'ended');
    assert.equal(ended?.['code'], 7);
    await eventually('nobody is left', async () => (await survivorsAfterLooking(run.workFolder)).length === 0);
  });

  const deaths: [string, (run: Run) => void][] = [
    ['stop', (run) => void cli(run, 'kill', 'it')],
    ['kill now', (run) => void cli(run, 'kill', '--now', 'it')],
    ['SIGKILL of the warden', (run) => kill(pidOf(run, 'warden.js'))],
    ['SIGKILL of the host', (run) => kill(pidOf(run, 'cli.js'))],
    ['SIGKILL of both', (run) => kill(pidOf(run, 'cli.js'), pidOf(run, 'warden.js'))],
  ];
  for (const [name, strike] of deaths) {
    it(`nobody survives: ${name}`, async () => {
      await using run = new Run();
      startTree(run);
      await eventually('all are up', () => members(run).length >= treeSize);
      const count = members(run).length;
      const struckAt = Date.now();
      strike(run);
      await eventually('nobody is left', async () => (await survivorsAfterLooking(run.workFolder)).length === 0, 5000);
      rows.push([name, String(count), '0', ((Date.now() - struckAt) / 1000).toFixed(2)]);
      await eventually('the warden has ended', () => pidOf(run, 'warden.js') === undefined);
    });
  }

  it('ends a tree that has more processes than it may', async () => {
    await using run = new Run();
    startTree(run, '--processes', '3');
    await eventually(
      'nobody is left',
      () => /./.test(journal(run)) && members(run).length === 0 && /limit of 3 processes was reached/.test(journal(run)),
    );
  });

  it('refuses what is of another system', async () => {
    await using run = new Run();
    const { code, output } = cli(run, 'run', '-c', 'namespace', '--', 'cmd.exe', '/c', 'exit');
    assert.notEqual(code, 0);
    assert.match(output, /"namespace" is for Linux; on Windows use/);
  });

  it('none of a thousand quick spawns is outside of the warden’s job', async () => {
    await using run = new Run();
    const script = await bundleForWine(join(fixtures, 'quickSpawns.ts'), 'quickSpawns');
    const { code, output } = callWine([script], join(run.folder, 'out.txt'));
    assert.equal(code, 0, output);
    const { started, seen, outside, refused } = JSON.parse(output) as Record<'started' | 'seen' | 'outside' | 'refused', number>;
    console.log(`${started} spawned, ${seen} seen in the job, ${outside} outside, ${refused} that Wine could not start`);
    assert.deepEqual([started, outside], [1000, 0]);
    assert.ok(seen > 100, `${seen} were seen alive`);
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
    assert.ok(pid !== undefined && isAlive(pid), 'there is somebody to kill');
    process.kill(pid, 'SIGKILL');
  }
}
