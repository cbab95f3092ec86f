/** Processes with a schedule, each second: real times, real processes. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TreeId } from '../../src/protocol/identity.ts';
import { lineOfRun } from '../../src/protocol/runs.ts';
import { appendRun } from '../../src/records/runFiles.ts';
import { linesOf, writeProcesses } from '../support/declared.ts';
import { eventually, exitOf, Run } from '../support/run.ts';
import { isAlive, survivorsAfterLooking, survivorsOf } from '../support/survivors.ts';

const eachSecond = '* * * * * *';
/** Once a year: it waits for as long as a test takes. */
const yearly = '0 0 1 1 *';
const job = { command: 'echo run >> runs', pty: false, schedule: eachSecond };

interface Told {
  readonly up: ChildProcess & { readonly pid: number };
  readonly text: () => string;
}

/** Starts `up`; `text` is all that it has said and printed. */
function startUp(run: Run, ...args: readonly string[]): Told {
  const up = run.start(['up', ...args]);
  let text = '';
  for (const stream of [up.stdout, up.stderr])
    stream?.on('data', (chunk: Buffer) => {
      text += chunk;
    });
  return { up, text: () => text };
}

interface Listed {
  readonly state: string;
  readonly trigger?: string;
  readonly startedAt: number;
}

function recorded(run: Run, name: string): readonly Listed[] {
  return JSON.parse(run.call(['runs', name, '--json']).stdout) as readonly Listed[];
}

describe('a scheduled process', () => {
  it('runs at each of its times, says between them when it runs next, and ends with its command', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { job, rare: { command: 'echo rare', schedule: yearly } });
    const { up, text } = startUp(run);
    await eventually('it has run three times', () => linesOf(run, 'runs').length >= 3);
    for (const said of [/^rare.*next at \d{4}-01-01 00:00:00$/m, /^job .*exited with code 0\n(?:.*\n)*?job .*next at \d{4}-/m])
      await eventually(`it says ${said}`, () => said.test(text()));
    assert.match(run.call(['ps']).stdout, /^- +rare +waiting .* next at \d{4}-01-01 00:00:00$/m);
    assert.match(run.call(['graph']).stdout, /^rare +waiting, next at \d{4}-01-01 00:00:00/m);
    const [nextAt] = (JSON.parse(run.call(['graph', 'rare', '--json']).stdout) as { processes: { nextAt: number }[] }).processes.map(
      (one) => one.nextAt,
    );
    assert.equal(new Date(nextAt ?? 0).getMonth(), 0);
    up.kill('SIGTERM');
    assert.equal(await exitOf(up), 0);
    const runs = recorded(run, 'job');
    assert.ok(runs.length >= 3 && runs.every(({ trigger }) => trigger === 'schedule'));
    // A run may begin late, and so in the second of the next one; its time comes once.
    const seconds = run.journal().flatMap(({ event, time }) => (event === 'schedule' ? String(time).slice(0, 19) : []));
    assert.deepEqual(seconds, [...new Set(seconds)], 'one time for each second');
    assert.ok(runs.length <= seconds.length, 'one run for each time');
    // A look at all of them may have come while one ran, and so it has figures.
    assert.match(
      run.call(['runs', 'job']).stdout,
      /^STARTED +TIME(?: +CPU +MEMORY)? +TRIGGER +STATE .*\n.* schedule +(?:succeeded|exited)/,
    );
    assert.deepEqual(await survivorsOf(run.workFolder), []);
  });

  it('whose run fails says so, and runs at its next time', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { job: { ...job, schedule: '*/2 * * * * *', command: 'exit 3' } });
    const { up, text } = startUp(run);
    const count = (words: string): number => text().split(words).length - 1;
    // It says when it runs next before its first run as well.
    await eventually(
      'it has run twice, and waits',
      () => count('exited with code 3') >= 2 && count('next at') > count('exited with code 3'),
    );
    up.kill('SIGTERM');
    assert.equal(await exitOf(up), 3);
  });

  it('starts what it needs when its time comes, and says what it waits for', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, {
      db: {
        command: 'echo db >> runs; sleep 1000',
        ready: { exec: 'test -e ready', period: '50ms', failureThreshold: 1 },
        profiles: ['never'],
      },
      job: { ...job, dependsOn: ['db'] },
    });
    const { up } = startUp(run, 'job');
    await eventually('what it needs runs', () => linesOf(run, 'runs').length === 1);
    await sleep(1500);
    assert.deepEqual(linesOf(run, 'runs'), ['db'], 'it is held back');
    writeFileSync(join(run.workFolder, 'ready'), '');
    await eventually('it has run twice', () => linesOf(run, 'runs').length >= 3);
    assert.deepEqual(linesOf(run, 'runs').slice(0, 3), ['db', 'run', 'run']);
    up.kill('SIGTERM');
    await exitOf(up);
  });

  const overlapping = 'echo start >> runs; test -e alive && echo overlap >> runs; touch alive; sleep 2.5; rm alive; echo end >> runs';
  it('skips the times of a run that is still under way', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { job: { ...job, command: overlapping } });
    const { up, text } = startUp(run);
    await eventually('it has run twice', () => linesOf(run, 'runs').length >= 3);
    assert.deepEqual(linesOf(run, 'runs').slice(0, 3), ['start', 'end', 'start']);
    await eventually('it says so', () => /its time has come and is skipped, because its last run is still under way/.test(text()));
    up.kill('SIGTERM');
    await exitOf(up);
  });

  it('replaces such a run where that is declared, when nothing of it is left', async () => {
    await using run = new Run();
    const command = `trap 'sleep 0.2; rm alive; exit 0' TERM; ${overlapping.replace('sleep 2.5', 'for i in $(seq 100); do sleep 0.05; done')}`;
    writeProcesses(run.workFolder, { job: { ...job, command, schedule: { cron: eachSecond, overlap: 'replace' } } });
    const { up } = startUp(run);
    await eventually('it has run three times', () => linesOf(run, 'runs').length >= 3);
    assert.deepEqual(linesOf(run, 'runs').slice(0, 3), ['start', 'start', 'start']);
    up.kill('SIGTERM');
    await exitOf(up);
  });

  it('is no end that can be waited for', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { job });
    const { code, stderr } = run.call(['up', '--until', 'job']);
    assert.equal(code, 2);
    assert.match(stderr, /--until: 'job' has a schedule, so it runs again and again/);
  });

  it('that no time will ever come for is refused', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { job: { ...job, schedule: '0 0 31 2 *' } });
    const { code, stderr } = run.call(['up']);
    assert.equal(code, 2);
    assert.match(stderr, /processes\.json:1:\d+: processes\.job\.schedule: never comes true: no day is like that/);
  });
});

describe('a scheduled process in the background', () => {
  it('runs without any client, with the environment of the command that has started it, until it is ended', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { job: { ...job, command: 'echo "$MARK" >> runs' }, rare: { command: 'true', schedule: yearly } });
    const first = run.call(['up', '--detach'], { env: { MARK: 'mine' } });
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /^rare +waiting .* next at \d{4}-01-01 00:00:00$/m);
    await eventually('it has run twice', () => linesOf(run, 'runs').length >= 2);
    assert.deepEqual(new Set(linesOf(run, 'runs')), new Set(['mine']));
    const again = run.call(['up', '--detach', 'rare']);
    assert.deepEqual([again.code, recorded(run, 'rare').length], [0, 0], 'it waits still, and was not run by that');
    assert.deepEqual([run.call(['wait', 'job', '--until', 'ended', '--timeout', '20s']).code, run.call(['is-ready', 'rare']).code], [0, 1]);
    assert.match(run.call(['wait', 'rare', '--timeout', '100ms']).stderr, /rare: not ready after 100ms: waiting, next at /);
    assert.match(run.call(['kill', 'rare']).stdout, /^rare: no longer waits to be started$/m);
    assert.equal(run.call(['down']).code, 0);
    const runs = linesOf(run, 'runs').length;
    await eventually('its warden has ended', () => run.wardenIds().length === 0);
    await sleep(1500);
    assert.equal(linesOf(run, 'runs').length, runs);
    await eventually('nothing is left', async () => (await survivorsAfterLooking(run.workFolder)).length === 0);
  });

  it('is kept by its warden while nothing else is there, and forgotten where that is killed', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { rare: { command: 'true', schedule: yearly } });
    assert.equal(run.call(['up', '--detach']).code, 0);
    const [warden] = run.wardenPids();
    await sleep(3000);
    assert.ok(warden !== undefined && isAlive(warden), 'it does not end while something waits for its time');
    process.kill(warden, 'SIGKILL');
    await eventually('nothing is left of it', () => run.wardenIds().length === 0);
    // What has removed the records ends a moment later.
    await eventually('no process is left', async () => (await survivorsAfterLooking(run.workFolder)).length === 0);
    assert.equal(run.call(['up', '--detach']).code, 0, 'and can be started again');
    assert.equal(run.call(['down']).code, 0);
  });

  it('makes up once for the times that have passed since its last run on record', async () => {
    await using run = new Run();
    const spec = { command: 'echo "$NAME" >> runs', pty: false, schedule: { cron: '@daily', catchUp: true } };
    const processes = { late: { ...spec, env: { NAME: 'late' } }, done: { ...spec, env: { NAME: 'done' } }, fresh: spec };
    writeProcesses(run.workFolder, processes);
    const origin = join(run.workFolder, '.vscode', 'processes.json');
    const recordRun = async (name: string, startedAt: number): Promise<void> =>
      await appendRun(
        { origin, name },
        lineOfRun({ tree: `tree-${name}` as TreeId, name, startedAt, endedAt: startedAt + 1, state: 'succeeded' }),
        join(run.folder, 'state', 'tree-warden', 'runs'),
      );
    await recordRun('late', Date.now() - 3 * 86_400_000);
    await recordRun('done', Date.now());
    assert.equal(run.call(['up', '--detach']).code, 0);
    await eventually('it has run', () => linesOf(run, 'runs').length >= 1);
    await sleep(500);
    assert.deepEqual(linesOf(run, 'runs'), ['late']);
    await eventually('the run is on record', () => recorded(run, 'late')[0]?.trigger === 'schedule');
    assert.equal(run.call(['down']).code, 0);
  });
});

describe('a warden that is killed while a process waits for its time', () => {
  it('leaves nothing, and the command says so', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, {
      job: { ...job, command: 'echo run >> runs; sleep 0.3' },
      rare: { command: 'true', schedule: yearly },
    });
    const { up, text } = startUp(run);
    await eventually('it has run', () => linesOf(run, 'runs').length >= 1);
    const [warden] = run.wardenPids();
    assert.ok(warden !== undefined);
    process.kill(warden, 'SIGKILL');
    assert.equal(await exitOf(up), 125);
    assert.match(text(), /The warden was killed/);
    const runs = linesOf(run, 'runs').length;
    await sleep(1500);
    assert.equal(linesOf(run, 'runs').length, runs);
    assert.deepEqual(await survivorsOf(run.workFolder), []);
  });
});
