/** `tree-warden run` among other commands: on a terminal, redirected, in the background, stopped and continued. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cli, eventually, exitOf, isInPath, Run } from '../support/run.ts';
import { InteractiveShell } from '../support/shell.ts';

const runCommand = `${process.execPath} ${cli} run --`;

/** Runs a shell line on a terminal that script(1) lends it. */
function onTerminal(run: Run, line: string): { readonly status: number | null; readonly output: string; file(name: string): string } {
  const { status, stdout } = spawnSync('script', ['-qec', line, '/dev/null'], {
    ...{ cwd: run.workFolder, env: run.env, encoding: 'utf8', input: '', timeout: 60_000 },
  });
  // script(1) sends a NUL at the end of its own input, whose echo may stand before or behind.
  return { status, output: stdout.replaceAll('^@', ''), file: (name) => readFileSync(join(run.workFolder, name), 'utf8') };
}

describe('a terminal in between', () => {
  const cases: [string, string, number, string, Record<string, string>?][] = [
    ['writes a newline as one', `${runCommand} sh -c 'printf "a\\nb\\n"'`, 0, 'a\r\nb\r\n'],
    ['leaves stderr where it was sent', `${runCommand} sh -c 'echo out; echo err >&2' 2>log`, 0, 'out\r\n', { log: 'err\n' }],
    ['leaves stdout where it was sent', `${runCommand} sh -c 'echo out; echo err >&2' >log`, 0, 'err\r\n', { log: 'out\n' }],
    [
      'is there to draw on where stdout is read by a shell',
      `x=$(${runCommand} sh -c 'test -t 0 && test -t 2 && echo drawn >/dev/tty; echo result'); echo "got $x"`,
      0,
      'drawn\r\ngot result\r\n',
    ],
    [
      'is there to draw on where stdin is a pipe',
      `echo data | ${runCommand} sh -c 'cat; test -t 1 && echo drawn >/dev/tty'`,
      0,
      'data\r\ndrawn\r\n',
    ],
    ['has the TERM of the one around it', `TERM=vt52 ${runCommand} sh -c 'echo $TERM'`, 0, 'vt52\r\n'],
    [
      'lets further descriptors through',
      `${runCommand} sh -c 'echo three >&3; echo nine >&9' 3>log 9>other`,
      0,
      '',
      { log: 'three\n', other: 'nine\n' },
    ],
    ['does not hang up on a command that closes its descriptors', `${runCommand} sh -c 'exec 0<&- 1>&- 2>&-; sleep 1; exit 5'`, 5, ''],
  ];
  for (const [what, line, status, output, files = {}] of cases) {
    it(what, async () => {
      await using run = new Run();
      const found = onTerminal(run, line);
      assert.deepEqual({ status: found.status, output: found.output }, { status, output });
      for (const [name, text] of Object.entries(files)) assert.equal(found.file(name), text);
    });
  }

  it('is not there where nothing is a terminal, and descriptors go through', async () => {
    await using run = new Run();
    const line = `${runCommand} sh -c 'test ! -t 0 && test ! -t 1 && echo three >&3' 3>log`;
    const { status, stderr } = spawnSync('sh', ['-c', line], { cwd: run.workFolder, env: run.env, encoding: 'utf8', input: '' });
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
    assert.equal(readFileSync(join(run.workFolder, 'log'), 'utf8'), 'three\n');
  });
});

describe('among the jobs of a shell', () => {
  it('runs in the background without touching the terminal', async () => {
    await using run = new Run();
    using shell = new InteractiveShell(run);
    shell.type(`${runCommand} sh -c 'echo begi""n; sleep 0.3; echo en""d' &\r`);
    await shell.sees(/begin[\s\S]*end/);
    const from = shell.screen.length;
    shell.type('echo a""live\r');
    await shell.sees(/alive/, from);
    assert.doesNotMatch(shell.screen, /Stopped/);
  });

  it('is stopped by Ctrl-Z with all of its tree, and continued by fg', async () => {
    await using run = new Run();
    using shell = new InteractiveShell(run);
    const ticks = (): number => (existsSync(join(run.workFolder, 'ticks')) ? readFileSync(join(run.workFolder, 'ticks')).length : 0);
    shell.type(`${runCommand} sh -c 'echo re""ady; while :; do echo >> ticks; sleep 0.05; done'\r`);
    // Until then, the command line may not have been told that it runs, and would stop alone.
    await shell.sees(/ready/);
    await eventually('it ticks', () => ticks() > 2);
    shell.type('\u001a');
    await shell.sees(/Stopped/);
    const from = shell.screen.length;
    shell.type('echo be""fore; sleep 0.5; echo af""ter\r');
    await shell.sees(/before/, from);
    const before = ticks();
    await shell.sees(/after/, from);
    assert.equal(ticks(), before);
    shell.type('fg\r');
    await eventually('it ticks again', () => ticks() > before + 2);
    shell.type('\u0003');
    await eventually('it has ended', () => run.wardenPids().length === 0);
    shell.type('echo status $?\r');
    await shell.sees(/status 130/);
  });

  it('leaves its keys to a pager behind it, and has them afterwards', { skip: !isInPath('less') && 'less is not installed' }, async () => {
    await using run = new Run();
    using shell = new InteractiveShell(run);
    const command = 'seq -f "line %.0f." 20000; echo over >&2; read x; echo "got $x" >&2; exec sleep 1000';
    shell.type(`export LESS=; ${runCommand} sh -c '${command}' | less\r`);
    await shell.sees(/line 49\./);
    // Each key counts.
    for (let page = 2; page <= 8; page++) {
      shell.type(' ');
      await shell.sees(new RegExp(`line ${page * 49}\\.`));
    }
    shell.type('q');
    await eventually('the command has the keys', () => {
      shell.type('a\r');
      return /got a+/.test(shell.screen);
    });
    shell.type('\u0003');
    await eventually('it has ended', () => run.wardenPids().length === 0);
    await seesOwnSettings(shell);
  });

  it('leaves a pager alone when it ends first', { skip: !isInPath('less') && 'less is not installed' }, async () => {
    await using run = new Run();
    using shell = new InteractiveShell(run);
    shell.type(`export LESS=; ${runCommand} seq -f 'line %.0f.' 200 | less\r`);
    await shell.sees(/line 49\./);
    await eventually('it has ended', () => run.wardenPids().length === 0);
    for (let page = 2; page <= 4; page++) {
      shell.type(' ');
      await shell.sees(new RegExp(`line ${page * 49}\\.`));
    }
    shell.type('q');
    await seesOwnSettings(shell);
  });

  it('hands its keys to the command, and gives the terminal back', async () => {
    await using run = new Run();
    using shell = new InteractiveShell(run);
    shell.type(`${runCommand} sh -c 'echo re""ady; read line; echo "got <$line>"'\r`);
    await shell.sees(/ready/);
    shell.type('some words\r');
    await shell.sees(/got <some words>/);
    await eventually('it has ended', () => run.wardenPids().length === 0);
    await seesOwnSettings(shell);
  });

  async function seesOwnSettings(shell: InteractiveShell): Promise<void> {
    const from = shell.screen.length;
    shell.type('stty -a; echo do""ne\r');
    await shell.sees(/done/, from);
    assert.match(shell.screen.slice(from), /\bopost [\s\S]*\bisig icanon/);
  }
});

describe("make's job server", () => {
  it('reaches a make inside', { skip: !isInPath('make') && 'make is not installed' }, async () => {
    await using run = new Run();
    writeFileSync(join(run.workFolder, 'inner.mk'), 'all: a b\na b:\n\t@echo $@\n');
    writeFileSync(join(run.workFolder, 'Makefile'), `all:\n\t+@${runCommand} $(MAKE) -f inner.mk\n`);
    const { status, stderr, stdout } = spawnSync('make', ['-j2'], { cwd: run.workFolder, env: run.env, encoding: 'utf8', input: '' });
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /job/);
    assert.match(stdout, /a\n[\s\S]*b\n|b\n[\s\S]*a\n/);
  });
});

describe('signals', () => {
  for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGALRM'] as const) {
    it(`${signal} goes to the command, and to it alone`, async () => {
      await using run = new Run();
      // The child has no handler: where the signal reached it, it would end.
      const script = `trap "echo > got" ${signal.slice(3)}; sleep 100 & touch up; while :; do [ -e got ] && kill -0 $! && exit 7; sleep 0.02; done`;
      const child = run.start(['run', '--', 'sh', '-c', script]);
      let said = '';
      child.stderr?.on('data', (chunk: Buffer) => {
        said += chunk;
      });
      await eventually('it is up', () => existsSync(join(run.workFolder, 'up')));
      child.kill(signal);
      assert.equal(await exitOf(child), 7);
      assert.equal(said, '');
    });
  }

  it('go to the command in a namespace, too', async (context) => {
    await using run = new Run();
    if (run.call(['run', '-c', 'namespace', '--', 'true']).code !== 0) return context.skip('there are no namespaces here');
    const child = run.start(['run', '-c', 'namespace', '--', 'sh', '-c', 'trap "exit 7" USR1; touch up; while :; do sleep 0.02; done']);
    await eventually('it is up', () => existsSync(join(run.workFolder, 'up')));
    child.kill('SIGUSR1');
    assert.equal(await exitOf(child), 7);
  });

  it('SIGTSTP that comes before there is a tree stops that as well', async () => {
    await using run = new Run();
    const script = fileURLToPath(new URL('../fixtures/earlySuspend.ts', import.meta.url));
    const child = run.spawn('setsid', ['--wait', process.execPath, script]);
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    assert.equal(await exitOf(child), 0);
    assert.equal(said, 'attached,SIGTSTP,SIGSTOP,SIGCONT\n');
  });

  it('SIGHUP is nothing to it under nohup', async () => {
    await using run = new Run();
    const script = `nohup ${runCommand} sh -c 'touch up; while [ ! -e go ]; do sleep 0.02; done; exit 6'; exit $?`;
    const child = run.spawn('bash', ['-c', script]);
    await eventually('it is up', () => existsSync(join(run.workFolder, 'up')));
    const [found] = run.ps();
    assert.ok(found);
    process.kill(parentOf(found.warden.pid), 'SIGHUP');
    writeFileSync(join(run.workFolder, 'go'), '');
    assert.equal(await exitOf(child), 6);
  });
});

function parentOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]);
}

describe('a limit', () => {
  const cases: [string, string[], RegExp][] = [
    ['time', ['--time', '1s', '--', 'sleep', '30'], /^tree-warden: The command was ended: its time limit of 1.0 s was reached\.\n$/],
    [
      'processes',
      ['--processes', '3', '--on-limit', 'kill', '--', 'sh', '-c', 'for n in 1 2 3 4 5 6; do sleep 30 & done; wait'],
      /its limit of 3 processes was reached/,
    ],
  ];
  for (const [what, args, said] of cases) {
    it(`says that it has ended the command, with a status of its own: ${what}`, async () => {
      await using run = new Run();
      const { code, stderr } = run.call(['run', '--containment', 'group', ...args]);
      assert.equal(code, 124, stderr);
      assert.match(stderr, said);
    });
  }
});
