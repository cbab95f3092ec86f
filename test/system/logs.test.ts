/** What `tree-warden logs` finds of what real processes have printed: by time, by pattern, of several, and of those that have ended. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { writeProcesses } from '../support/declared.ts';
import { eventually, exitOf, Run } from '../support/run.ts';

interface JsonLine {
  readonly time: string | null;
  readonly name: string;
  readonly tree: string;
  readonly line: string;
}

function jsonLines(run: Run, args: readonly string[]): readonly JsonLine[] {
  const { stdout, stderr, code } = run.call(['logs', ...args, '--json']);
  assert.equal(code, 0, stderr);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as JsonLine);
}

const logFolder = (run: Run): string => join(run.folder, 'state', 'tree-warden', 'logs');

/** What of a process is on disk, in its log or beside it. */
function writtenOf(run: Run, name: string, suffix = '.log'): string {
  const files = existsSync(logFolder(run))
    ? readdirSync(logFolder(run)).filter((file) => file.startsWith(`${name}-`) && file.endsWith(suffix))
    : [];
  return files.map((file) => readFileSync(join(logFolder(run), file), 'utf8')).join('');
}

/** Prints when it may. */
const turn = (name: string, lines: readonly string[]): string =>
  [`until [ -e ${name} ]; do sleep 0.02; done`, ...lines.map((line) => `echo "${line}"`)].join('; ');
/** Of two processes that print in turns: who does, and what. */
const inTurns: readonly (readonly [name: 'ping' | 'pong', lines: readonly string[]])[] = [
  ...[1, 2, 3, 4].flatMap((number) => [['ping', [`INFO ping ${number}`]] as const, ['pong', [`pong ${number}`]] as const]),
  ['ping', ['ERROR ping is out', '  at the end']],
];

/** Each has its turn when the warden has all that came before it. */
async function upInTurns(run: Run, overrides: object = {}): Promise<void> {
  const commandOf = (name: string): string =>
    inTurns.flatMap(([own, lines], index) => (own === name ? turn(`turn${index}`, lines) : [])).join('; ');
  const entry = (name: string): object => ({ command: `${commandOf(name)}; exec sleep 600`, ...overrides });
  writeProcesses(run.workFolder, { ping: entry('ping'), pong: entry('pong') });
  run.start(['up']);
  for (const [index, [name, lines]] of inTurns.entries()) {
    writeFileSync(join(run.workFolder, `turn${index}`), '');
    await eventually(`${name} has printed`, () => writtenOf(run, name).includes(lines.at(-1) ?? ''));
  }
}

describe('logs', () => {
  for (const pty of [true, false])
    it(`of several processes, in the order in which they have printed, each line with its time (${pty ? 'on a terminal' : 'on pipes'})`, async () => {
      await using run = new Run();
      const before = Date.now();
      await upInTurns(run, { pty });
      const lines = jsonLines(run, ['ping', 'pong']);
      assert.deepEqual(
        lines.map(({ line }) => line),
        [...[1, 2, 3, 4].flatMap((number) => [`INFO ping ${number}`, `pong ${number}`]), 'ERROR ping is out', '  at the end'],
      );
      const times = lines.map(({ time }) => Date.parse(time ?? ''));
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
      );
      assert.ok(times.every((time) => time >= before && time <= Date.now()));
      const { stdout } = run.call(['logs', 'ping', 'pong', '-t']);
      assert.match(stdout, /^ping \| \d{4}-\d\d-\d\d [\d:]{8}\.\d{3} INFO ping 1\npong \| \d{4}-\d\d-\d\d [\d:]{8}\.\d{3} pong 1\n/);
      const all = run.call(['logs', '-n', '1']).stdout;
      assert.equal(all, 'ping |   at the end\n');
      assert.equal(jsonLines(run, ['ping', 'ping']).length, 6);
    });

  it('since a moment and until one, by pattern, by level, and the last ones', async () => {
    await using run = new Run();
    await upInTurns(run);
    const lines = jsonLines(run, ['ping', 'pong']);
    const at = (line: string): string => lines.find((one) => one.line === line)?.time ?? '';
    const within = jsonLines(run, ['ping', 'pong', '--since', at('INFO ping 2'), '--until', at('INFO ping 3')]);
    assert.deepEqual(
      within.map(({ line }) => line),
      ['INFO ping 2', 'pong 2', 'INFO ping 3'],
    );
    assert.deepEqual(jsonLines(run, ['ping', '--since', '2000-01-01']).length, 6);
    assert.deepEqual(jsonLines(run, ['ping', '--since', '0s']), []);
    assert.equal(run.call(['logs', 'ping', '--grep', 'PING [23]', '-i']).stdout, 'INFO ping 2\nINFO ping 3\n');
    assert.equal(run.call(['logs', 'ping', '--level', 'warn']).stdout, 'ERROR ping is out\n  at the end\n');
    assert.equal(run.call(['logs', 'ping', '-n', '2']).stdout, 'ERROR ping is out\n  at the end\n');
    assert.equal(run.call(['logs', 'ping', 'pong', '-n', '0']).stdout, '');
  });

  it('go on with what comes', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, {
      early: { command: 'echo early 1; until [ -e go ]; do sleep 0.05; done; echo early 2; echo "x"', pty: false },
      late: { command: 'until [ -e go-on ]; do sleep 0.05; done; echo late 1', pty: false },
    });
    run.start(['up']);
    await eventually('it has printed', () => run.call(['logs', 'early']).stdout === 'early 1\n');
    const following = run.start(['logs', '-f', '-g', '[12]', 'early', 'late']);
    let text = '';
    following.stdout?.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    await eventually('the past is printed', () => text === 'early | early 1\n');
    writeFileSync(join(run.workFolder, 'go'), '');
    await eventually('what comes is printed', () => text.endsWith('early 2\n'));
    writeFileSync(join(run.workFolder, 'go-on'), '');
    assert.equal(await exitOf(following), 0);
    assert.equal(text, 'early | early 1\nearly | early 2\nlate  | late 1\n');
  });

  it('of what has ended with its warden, also when both were killed', async () => {
    await using run = new Run();
    await upInTurns(run);
    const { pid } = run.ps()[0]?.warden ?? {};
    assert.ok(pid);
    // Times are collected for a second before they are written.
    await eventually('it is written when it has printed', () => writtenOf(run, 'ping', '.log.times') !== '');
    process.kill(pid, 'SIGKILL');
    await eventually('nothing runs', () => run.ps().length === 0);
    const lines = jsonLines(run, ['ping']);
    assert.deepEqual(
      lines.map(({ line }) => line),
      ['INFO ping 1', 'INFO ping 2', 'INFO ping 3', 'INFO ping 4', 'ERROR ping is out', '  at the end'],
    );
    assert.ok(lines.every(({ time }) => time !== null));
    // Of a moment in which two runs were there, both.
    run.start(['up', 'ping']);
    await eventually('the second run has printed', () => jsonLines(run, ['ping', '--since', '10m']).length === 12);
    assert.equal(new Set(jsonLines(run, ['ping', '--since', '10m']).map(({ tree }) => tree)).size, 2);
    assert.equal(new Set(jsonLines(run, ['ping']).map(({ tree }) => tree)).size, 1);
  });

  it('of a detached process: those of the past over a restart of its warden', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, {
      web: {
        command:
          'echo one; until [ -e go ]; do sleep 0.05; done; echo two; until [ -e much ]; do sleep 0.05; done; for n in 1 2 3 4; do head -c 70000 /dev/zero | tr "\\0" "x"; echo; sleep 1; done; exec sleep 600',
        lifetime: 'detached',
        log: { maxSize: '64k', maxFiles: 2 },
      },
    });
    assert.equal(run.call(['up', '--detach']).code, 0);
    await eventually('it has printed', () => jsonLines(run, ['web']).length === 1);
    const [first] = jsonLines(run, ['web']);
    const { pid } = run.ps()[0]?.warden ?? {};
    assert.ok(pid);
    process.kill(pid, 'SIGKILL');
    await eventually('another warden has it', () => run.ps().some(({ name, warden }) => name === 'web' && warden.pid !== pid));
    run.call(['run', '--', 'touch', 'go']);
    await eventually('it has printed again', () => jsonLines(run, ['web']).length === 2);
    const [again, second] = jsonLines(run, ['web']);
    assert.deepEqual([again?.line, again?.time, second?.line], ['one', first?.time, 'two']);
    assert.ok((second?.time ?? '') > (first?.time ?? ''));
    run.call(['run', '--', 'touch', 'much']);
    const logsOf = (): string[] => readdirSync(logFolder(run)).filter((name) => /^web-.*\.log(\.\d+)?$/.test(name));
    await eventually('it is rotated as declared', () => logsOf().length === 3);
    run.call(['down']);
  });

  it('keep as much as the declaration says', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, {
      much: {
        command: 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo "line $i of many lines"; done; exec sleep 600',
        pty: false,
        log: { maxSize: '64k', maxFiles: 2 },
      },
    });
    run.start(['up']);
    await eventually('it has printed all', () => run.call(['logs', 'much', '-n', '1']).stdout === 'line 20000 of many lines\n');
    // What is in memory is on its way to the disk.
    await eventually(
      'it is rotated as declared',
      () => readdirSync(logFolder(run)).filter((name) => /\.log(\.\d+)?$/.test(name)).length === 3,
    );
    const lines = jsonLines(run, ['much']);
    // The newest MiB is in memory.
    assert.equal(lines.at(-1)?.line, 'line 20000 of many lines');
    assert.ok(lines.every(({ time }) => time !== null));
  });

  it('say what is wrong with what was asked', async () => {
    await using run = new Run();
    const cases: [string[], RegExp][] = [
      [
        ['--since', 'yesterday'],
        /^tree-warden: --since wants a duration such as 10m, or a moment such as 2026-01-31T12:00:00Z, not 'yesterday'\.$/m,
      ],
      [['--until', '5'], /--until wants/],
      [['--lines', 'x'], /--lines wants a whole number from 0 to 1000000, not 'x'/],
      [['--lines', '-1'], /--lines wants/],
      [['--grep', '('], /--grep: Invalid regular expression: \/\(\/: Unterminated group/],
      [['-i'], /--ignore-case wants a pattern: --grep/],
      [['--level', 'loud'], /argument 'loud' is invalid. Allowed choices are trace, debug, info, warn, error, fatal/],
      [[], /^tree-warden: Nothing is running\.$/m],
    ];
    for (const [args, words] of cases) {
      const { code, stderr } = run.call(['logs', ...args]);
      assert.match(stderr, words);
      assert.notEqual(code, 0);
    }
  });
});
