/** Output that comes faster than it is read, from processes that write to their log by themselves: how much of the disk it takes, and what is left to read. */
import assert from 'node:assert/strict';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { writeProcesses } from '../support/declared.ts';
import { eventually, Run } from '../support/run.ts';

const megabyte = 2 ** 20;
const log = { maxSize: '1m', maxFiles: 2 };
/** Of a log that is at rest: twice the declared size, and what is added to a copy in one turn. */
const restBytes = 2 * 3 * megabyte + 4 * megabyte;
const lineBytes = 9;
const blockLines = 500_000;
const firstLine = 10_000_000;
const blocks = 30;
/**
 * 135 MB of numbered lines, in a file of no more than 300 MB, and then a line that says so: a second later, because what is written in the very moment of a cut may be lost
 * with the flood.
 */
const flood = `ulimit -f 300000; for n in $(seq ${blocks}); do cat block; done; sleep 1; echo last`;
const held = `until [ -e go ]; do sleep 0.05; done`;

/**
 * What may be missing without a word: a write that has begun when the log is cut is ended by the kernel before the cut, behind what was read of it. cat(1) writes 128 KB
 * at once.
 */
const maxUnseenBytes = 128 * 1024;
/** No whole line: what is left of two. */
const isTorn = (number = 0): boolean => !(number >= 0 && number < blockLines);

function floodedRun(): Run {
  const run = new Run({ TREE_WARDEN_LOG_MAX_SIZE: '1m', TREE_WARDEN_LOG_MAX_FILES: '2' });
  const lines = Array.from({ length: blockLines }, (_, index) => `${firstLine + index}\n`);
  writeFileSync(join(run.workFolder, 'block'), lines.join(''));
  return run;
}

function logBytes(run: Run): number {
  const folder = join(run.folder, 'state', 'tree-warden', 'logs');
  const names = readdirSync(folder).filter((name) => /\.log(\.\d+|\.next)?$/.test(name));
  return names.reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** Its end is there, in whole lines that follow each other, each with its time. */
async function assertBounded(run: Run, name: string): Promise<void> {
  await eventually('its end is there', () => run.call(['logs', name, '-n', '1']).stdout === 'last\n');
  await eventually('its log is as short as declared', () => logBytes(run) <= restBytes);
  const lines = run.call(['logs', name, '--since', '1h', '--json']).stdout.trimEnd().split('\n');
  const read = lines.map((line) => JSON.parse(line) as { line: string; time: string | null });
  // The first line of what is kept is torn.
  assert.ok((read.length + 1) * lineBytes >= megabyte, `${read.length} lines`);
  assert.ok(read.every(({ time }) => time !== null));
  const times = read.map(({ time }) => time ?? '');
  assert.deepEqual(times, times.toSorted());
  assert.equal(read.pop()?.line, 'last');
  const numbers = read
    .slice(read.findLastIndex(({ line }) => line.startsWith('tree-warden:')) + 1)
    .map(({ line }) => Number(line) - firstLine);
  for (const [index, number] of numbers.entries()) {
    const [before = 0, after] = [numbers[index - 1], numbers[index + 1]];
    if (index <= 1 || after === undefined || number === (before + 1) % blockLines || isTorn(numbers[index - 1])) continue;
    // Of two lines, one was made: what is missing between them.
    const missing = (((after - before + blockLines) % blockLines) - 1) * lineBytes;
    assert.ok(isTorn(number) && missing <= maxUnseenBytes, `${missing} bytes at ${numbers.slice(Math.max(0, index - 2), index + 2)}`);
  }
  const found = run.call(['logs', name, '--grep', '^last$']);
  assert.equal(found.stdout, 'last\n', found.stderr);
}

describe('a flood of output', () => {
  it('of a detached process leaves no more than is kept', async () => {
    await using run = floodedRun();
    run.call(['run', '--detached', '--name', 'flood', '--', 'sh', '-c', `${flood}; exec sleep 600`]);
    await assertBounded(run, 'flood');
    assert.equal(run.call(['kill', 'flood']).code, 0);
  });

  it('of what a leader has left behind is read and bounded as its own', async () => {
    await using run = floodedRun();
    const command = `{ ${held}; ${flood}; exec sleep 600; } & echo left`;
    writeProcesses(run.workFolder, { flood: { command, log, lifetime: 'detached', whenLeaderExits: 'keep' } });
    run.call(['up']);
    await eventually('the leader has ended', () => run.ps().some(({ leader, members }) => !members.some(({ pid }) => pid === leader.pid)));
    writeFileSync(join(run.workFolder, 'go'), '');
    await assertBounded(run, 'flood');
    assert.equal(run.call(['kill', 'flood']).code, 0);
  });

  it('of a declared process that goes on behind its warden’s death is bounded by the next one', async () => {
    await using run = floodedRun();
    writeProcesses(run.workFolder, { flood: { command: `echo first; ${held}; ${flood}; exec sleep 600`, log } });
    assert.equal(run.call(['up', '--detach']).code, 0);
    const { pid } = (await eventually('it is up', () => run.ps()[0])).warden;
    writeFileSync(join(run.workFolder, 'go'), '');
    process.kill(pid, 'SIGKILL');
    await eventually('another warden has it', () => run.ps().some(({ warden }) => warden.pid !== pid));
    await assertBounded(run, 'flood');
    run.call(['down']);
    await eventually('it has ended', () => run.ps().length === 0);
    assert.equal(run.call(['logs', 'flood', '-n', '1']).stdout, 'last\n');
  });

  it('of a job that ends with it is cut when it has ended', async () => {
    await using run = floodedRun();
    writeProcesses(run.workFolder, { flood: { command: flood, jobs: 1, log } });
    const { code, stdout } = run.call(['job', 'flood']);
    assert.equal(code, 0);
    assert.ok(stdout.endsWith('last\n'), stdout.slice(-100));
    await eventually('its log is as short as declared', () => logBytes(run) <= restBytes);
  });
});
