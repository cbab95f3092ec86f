/** `tree-warden top` on a terminal of its own, as a person sees it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Emulator } from '../support/emulator.ts';
import { cli, eventually, Run } from '../support/run.ts';
import { InteractiveShell } from '../support/shell.ts';
import { isAlive } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

const down = '\x1b[B';
const right = '\x1b[C';
const pageUp = '\x1b[5~';

function openTop(run: Run): Emulator {
  return new Emulator(run, [process.execPath, cli, 'top']);
}

async function quits(top: Emulator): Promise<void> {
  top.type('q');
  await eventually('it has ended', () => top.exit !== undefined);
  assert.equal(top.exit?.exitCode, 0);
}

describe('top', () => {
  it('lists what runs, shows its output with its colours, and acts on it by keys', async () => {
    await using warden = await TestWarden.start();
    const red = 'printf "\\033[31mred\\033[0m\\033]0;title\\007\\n"; seq 1 99; echo "in $COLUMNS"; exec sleep 100';
    await warden.startShell(red, { name: 'api', stdio: 'pty' });
    await warden.startShell('sleep 100 & exec sleep 101', { name: 'worker' });
    await warden.startShell('exit 3', { name: 'broken' });
    using top = openTop(warden.run);
    // What it has just started may use the processor, or have no memory yet.
    await top.sees(/^ api +ready +\d+ +[\d.]+ % +[\d.]+ MB +/);
    await top.sees(/ broken +failed/);
    await top.sees(/^── api ──/);
    await top.sees(/^99$/);
    assert.ok(!top.written.includes('title') && !top.written.includes('\x1b]'), 'the terminal is told nothing by what is shown');
    top.type(pageUp.repeat(20));
    await top.sees(/^red$/);
    assert.ok(top.written.includes('\x1b[0;38;5;1mred'));
    assert.equal(top.lines.length, 24);
    assert.ok(!top.written.includes('\x1b[K'), 'which takes the last character of a whole line, in tmux and xterm');
    top.type(down + right);
    await top.sees(/^ {3}sleep +\d+/);
    const [leader] = warden.run.ps().flatMap(({ name, leader: { pid } }) => (name === 'worker' ? pid : []));
    assert.ok(leader);
    top.type('x');
    await top.sees(/^Stop worker\? y\/n$/);
    top.type('n');
    await top.sees(/^Nothing was done\.$/);
    assert.ok(isAlive(leader));
    top.type('xy');
    assert.match(await top.sees(/^── worker/), /worker/);
    await top.sees(/^worker: stopped$/);
    assert.ok(!isAlive(leader));
    await top.sees(/^── worker: stopped by tree-warden top ─/);
    top.type('s');
    await top.sees(/^worker: started$/);
    top.type('r');
    await top.sees(/^worker: restarted$/);
    top.type('Ky');
    await top.sees(/^worker: killed$/);
    await quits(top);
    assert.deepEqual([top.screen, top.written.endsWith('\x1b[?7h\x1b[?25h\x1b[?1049l')], ['normal', true]);
    assert.ok(
      warden.run.ps().some(({ name }) => name === 'api'),
      'what ran goes on',
    );
  });

  it('filters, types into a process, helps, and fits into any size', async () => {
    await using warden = await TestWarden.start();
    await warden.startShell('read -r x; echo "got <$x>"; exec sleep 100', { name: 'first', stdio: 'pty' });
    await warden.startShell('exec sleep 100', { name: 'zweitens', stdio: 'raw' });
    using top = openTop(warden.run);
    await top.sees(/ zweitens /);
    top.type('/FIRST');
    await top.seesNot(/ zweitens /);
    top.type('\ri');
    await top.sees(/^type: /);
    top.type('o\x7fan answer\r');
    await top.sees(/^got <an answer>$/);
    top.type('/nothing\r');
    await top.sees(/Nothing matches 'FIRSTnothing'/);
    top.type('\x1b');
    await top.sees(/ zweitens /);
    top.type('j');
    await top.sees(/^── zweitens/);
    top.type('ix\r');
    await top.sees(/^'zweitens' takes no input: its stdin belongs to the program/);
    top.type('?');
    await top.sees(/kill at once/);
    for (const [columns, rows] of [
      [120, 40],
      [40, 10],
      [300, 12],
    ] as const) {
      top.resize(columns, rows);
      await eventually('it is drawn anew', () => top.lines.length === rows && /any key closes this/.test(top.lines.at(-1) ?? ''));
    }
    top.resize(20, 4);
    await top.sees(/^20×4 is too small;$/);
    top.resize(80, 24);
    top.type('q');
    await top.sees(/ zweitens +ready/);
    await quits(top);
  });

  it('types lines in the order in which they were written, and takes nothing that is pasted for a key', async () => {
    await using warden = await TestWarden.start();
    await warden.startShell('while read -r x; do echo "got <$x>"; done', { name: 'first', stdio: 'pty' });
    using top = openTop(warden.run);
    const paste = (text: string): void => top.type(`\x1b[200~${text}\x1b[201~`);
    await top.sees(/ first /);
    top.type('ione\ritwo\rithree\r');
    await top.sees(/^got <three>$/);
    assert.deepEqual(
      top.lines.filter((line) => line.startsWith('got')),
      ['got <one>', 'got <two>', 'got <three>'],
    );
    assert.ok(top.written.includes('\x1b[?2004h'), 'the terminal is asked to say what is pasted');
    paste('xyKyq');
    await top.sees(/^What was pasted is not taken for keys/);
    top.type('i');
    paste('four\rxy');
    await top.sees(/^type: four\\nxy/);
    top.type('\r');
    await top.sees(/^got <xy>$/);
    await top.sees(/^got <four>$/);
    top.type('i');
    paste('x'.repeat(5000));
    await top.sees(/^A line has at most 4096 characters/);
    assert.match(await top.sees(/^ first /), /ready/);
    await quits(top);
    assert.ok(top.written.lastIndexOf('\x1b[?2004l') > top.written.lastIndexOf('\x1b[?2004h'));
  });

  it('ends by a signal while it waits for a warden that hangs', async () => {
    await using run = new Run();
    run.call(['run', '-d', '-n', 'kept', 'sleep', '100']);
    const [warden] = run.wardenPids();
    assert.ok(warden !== undefined);
    process.kill(warden, 'SIGSTOP');
    try {
      using top = openTop(run);
      const hears = (): boolean =>
        (Number(`0x${/^SigCgt:\s*(\w+)/m.exec(readFileSync(`/proc/${top.pid}/status`, 'utf8'))?.[1]}`) & 1) !== 0;
      // Node itself has handlers for others.
      await eventually('it hears of SIGHUP', hears);
      process.kill(top.pid, 'SIGHUP');
      await eventually('it has ended', () => top.exit !== undefined);
      assert.deepEqual([top.exit?.exitCode, top.written.includes('1049h')], [129, false]);
    } finally {
      process.kill(warden, 'SIGCONT');
    }
    run.call(['kill', 'kept']);
  });

  it('says that a warden was killed, and lists what is guarded again', async () => {
    await using run = new Run();
    run.call(['run', '-d', '-n', 'kept', 'sleep', '100']);
    using top = openTop(run);
    await top.sees(/ kept +ready/);
    const [warden] = run.wardenPids();
    assert.ok(warden !== undefined);
    process.kill(warden, 'SIGKILL');
    await top.sees(/^A warden \(pid \d+\) has ended, its processes are listed again/);
    await top.sees(/ kept +ready/);
    const short = run.start(['run', '-n', 'short', 'sleep', '100']);
    await top.sees(/ short +ready/);
    short.kill('SIGKILL');
    await top.sees(/^A warden \(pid \d+\) has ended, and its processes with it/);
    await top.seesNot(/ short /);
    await quits(top);
    run.call(['kill', 'kept']);
  });

  it('starts what is declared and does not run', async () => {
    await using warden = await TestWarden.start();
    const { name: _, ...template } = warden.request(['/bin/sh', '-c', 'exec sleep 100', warden.run.workFolder]);
    const processes = [
      { name: 'one', instances: 1, template },
      { name: 'pool', instances: 2, template },
      { name: 'wrong', instances: 1, problem: 'There is no such variable.' },
    ];
    await warden.client.names.declare({ origin: 'file', processes });
    using top = openTop(warden.run);
    await top.sees(/ one +stopped/);
    await top.sees(/^It does not run; s starts it\.$/);
    top.type('s');
    await top.sees(/ one +ready/);
    top.type(`${down}s`);
    await top.sees(/ pool#2 +ready/);
    top.type('Gs');
    await top.sees(/ wrong +failed/);
    await top.sees(/There is no such variable\.$/);
    await quits(top);
  });

  it('leaves the terminal as it was when it is stopped, or ended by a signal', async () => {
    await using run = new Run();
    using shell = new InteractiveShell(run);
    shell.type(
      `stty -a >before; sh -c 'echo $$ >pid; exec "$0" "$@"' ${process.execPath} ${cli} top; stty -a >after; cmp before after && echo sa""me\r`,
    );
    await shell.sees(/Nothing is running/);
    let from = shell.screen.length;
    shell.type('\x1a');
    await shell.sees(/1049l[\s\S]*Stopped/, from);
    from = shell.screen.length;
    shell.type('fg\r');
    await shell.sees(/1049h[\s\S]*Nothing is running/, from);
    from = shell.screen.length;
    process.kill(Number(readFileSync(join(run.workFolder, 'pid'), 'utf8')), 'SIGTSTP');
    await shell.sees(/1049l[\s\S]*Stopped/, from);
    from = shell.screen.length;
    shell.type('fg\r');
    await shell.sees(/1049h[\s\S]*Nothing is running/, from);
    from = shell.screen.length;
    shell.type('\x03');
    // Before the prompt, keys may still be read by what is ending.
    await shell.sees(/1049l[\s\S]*> $/, from);
    shell.type(`stty -a >after; cmp before after && echo sa""me\r`);
    await shell.sees(/same/, from);
    using top = openTop(run);
    await top.sees(/Nothing is running/);
    top.type('\x1a?');
    await top.sees(/any key closes this/);
    assert.equal(top.screen, 'alternate', 'no shell would let it go on');
    process.kill(top.pid, 'SIGTERM');
    await eventually('it has ended', () => top.exit !== undefined);
    assert.deepEqual([top.exit?.exitCode, top.screen, top.written.endsWith('\x1b[?1049l')], [143, 'normal', true]);
  });

  it('says what it needs where there is no terminal', async () => {
    await using run = new Run();
    assert.deepEqual(run.call(['top']), {
      code: 2,
      stdout: '',
      stderr: 'tree-warden: top needs a terminal for its keys and its screen; tree-warden ps and tree-warden logs print instead.\n',
    });
    const dumb = new Emulator(run, [process.execPath, cli, 'top'], { env: { TERM: 'dumb' } });
    using top = dumb;
    await top.sees(/TERM=dumb/);
  });
});
