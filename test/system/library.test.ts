/** The library for Node programs: commands whose trees end with them. */
import assert from 'node:assert/strict';
import { spawn as spawnChild, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { after, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import { root } from '../../src/build/paths.ts';
import type { CommandError, Run as RunCommand, Spawn } from '../../src/library/api.ts';
import { linesOf } from '../support/declared.ts';
import { eventually, exitOf, Run } from '../support/run.ts';
import { survivorsAfterLooking } from '../support/survivors.ts';

const library = join(root, 'dist', 'library.js');
const place = new Run();
Object.assign(process.env, place.env);
const { run, spawn } = createRequire(import.meta.url)(library) as { readonly run: RunCommand; readonly spawn: Spawn };
const cwd = place.workFolder;
const program = fileURLToPath(new URL('../fixtures/libraryProgram.mjs', import.meta.url));

after(() => place[Symbol.asyncDispose]());

describe('run', () => {
  it('gives output, without its last line break, and how it has ended', async () => {
    const { stdout, stderr, exit } = await run('echo out; echo err >&2', { cwd });
    assert.deepEqual([stdout, stderr, exit.state, exit.code, exit.signal], ['out', 'err', 'succeeded', 0, null]);
  });

  it('passes arguments on as they are written, and stdin', async () => {
    const odd = ['${HOME}', '$x', '', 'a b', '"', "it's", '\n'];
    const { stdout } = await run(['node', '-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--', ...odd], { cwd });
    assert.deepEqual(JSON.parse(stdout), odd);
    assert.equal((await run('cat', { cwd, input: 'given' })).stdout, 'given');
    assert.equal((await run('cat', { cwd })).stdout, '');
  });

  it('is the tag of a template, with and without options, and never divides a value', async () => {
    const odd = 'a "b"; $HOME';
    const { stdout } = await run`node -p JSON.stringify(process.argv.slice(1)) -- ${odd} ${['c d', 1]}`;
    assert.deepEqual(JSON.parse(stdout), [odd, 'c d', '1']);
    assert.equal((await run({ cwd })`pwd`).stdout, cwd);
    await using tree = await spawn({ cwd, stdout: 'ignore' })`cat`;
    assert.equal(tree.commandLine, 'cat');
    await assert.rejects(run``, { name: 'OptionError' });
  });

  it('says of a failure what was run and what it said last, without secrets, and all of it in the error', async () => {
    const script = 'for (let i = 1; i < 30; i++) console.error("line", i); process.exit(2)';
    await assert.rejects(run(['node', '-e', script, '--', '--password', 'hunter22x'], { cwd }), (error: CommandError) => {
      assert.match(error.message, /^“node -e .* --password •••” failed: exited with code 2\. It said:\nline 20\n(line \d+\n){8}line 29$/);
      assert.match(error.commandLine, /^node -e /);
      assert.equal(error.stderr.split('\n').length, 29);
      return true;
    });
  });

  it('gives the environment of this moment, changed as asked', async () => {
    process.env['LATE'] = 'late';
    process.env['GONE'] = 'gone';
    const { stdout } = await run('echo $LATE-$GONE-$MORE', { cwd, env: { GONE: null, MORE: 'more' } });
    assert.equal(stdout, 'late--more');
  });

  it('gives odd variables as they are', async () => {
    const env = JSON.parse('{"__proto__": "p", "constructor": "c"}') as Record<string, string>;
    const { stdout } = await run('env | grep -E "^(__proto__|constructor)=" | sort', { cwd, env });
    assert.equal(stdout, '__proto__=p\nconstructor=c');
    assert.equal((await run('echo $HOME', { cwd, env: process.env })).stdout, process.env['HOME']);
  });

  it('takes relative folders from where the program is now', async () => {
    const before = process.cwd();
    const below = join(cwd, 'below', 'sub');
    mkdirSync(below, { recursive: true });
    try {
      process.chdir(join(cwd, 'below'));
      assert.equal((await run('pwd', { cwd: 'sub' })).stdout, below);
    } finally {
      process.chdir(before);
    }
  });

  it('gives 5 MB without losing a byte', async () => {
    const { stdout } = await run('head -c 5000000 /dev/zero | tr "\\0" x', { cwd });
    assert.equal(stdout.length, 5_000_000);
  });

  it('gives 5 MB of stderr without losing a byte', async () => {
    const { stderr } = await run('head -c 5000000 /dev/zero | tr "\\0" x >&2', { cwd });
    assert.equal(stderr.length, 5_000_000);
  });

  it('runs thirty at once', async () => {
    const all = await Promise.all(Array.from({ length: 30 }, (_, index) => run(['echo', String(index)], { cwd })));
    assert.deepEqual(
      all.map(({ stdout }) => stdout),
      all.map((_, index) => String(index)),
    );
  });

  const failures: [string, Parameters<RunCommand>, object][] = [
    [
      'an exit status',
      ['echo said >&2; exit 3', { cwd }],
      { name: 'CommandError', message: '“echo said >&2; exit 3” failed: exited with code 3. It said: said', stderr: 'said' },
    ],
    ['a signal', ['kill -9 $$', { cwd }], { name: 'CommandError', message: '“kill -9 $$” failed: ended by SIGKILL.' }],
    ['no such command', [['no-such-thing'], { cwd }], { name: 'StartError', reason: 'commandNotFound' }],
    ['no such folder', ['true', { cwd: '/no/such' }], { name: 'StartError', reason: 'folderUnusable' }],
    [
      'too much output',
      ['yes', { cwd, maxBuffer: 1000 }],
      { name: 'CommandError', message: '“yes” failed: it printed more than 1.0 KB to stdout.' },
    ],
    [
      'a wrong limit',
      ['true', { cwd, limits: { memory: 'lots' } }],
      { name: 'OptionError', message: /^limits\.memory: 'lots' is not a size/ },
    ],
    ['a wrong option', ['true', { cwd, stopp: 1 } as object], { name: 'OptionError', message: /stopp/ }],
    ['a wrong stop', ['true', { cwd, stop: ['SIGFOO'] }], { name: 'OptionError', message: /^stop: 'SIGFOO' is not a signal/ }],
    ['a wrong name', ['true', { cwd, name: '\u001b' }], { name: 'OptionError', message: /^name: / }],
    ['arguments in the place of options', ['echo', ['a'] as object], { name: 'OptionError', message: /arguments are part of the command/ }],
    ['an input that is none', ['sleep 300', { cwd, input: 5 } as object], { name: 'OptionError', message: /^input: / }],
    ['a size that is none', ['sleep 300', { cwd, maxBuffer: '1kb' } as object], { name: 'OptionError', message: /^maxBuffer: / }],
    ['a negative size', ['sleep 300', { cwd, maxBuffer: -1 }], { name: 'OptionError', message: /^maxBuffer: / }],
    ['a wrong variable', ['true', { cwd, env: { 'A=B': '' } }], { name: 'OptionError', message: /^env: / }],
    ['a wrong value', ['true', { cwd, env: { PORT: 1 } } as object], { name: 'OptionError', message: /^env\.PORT: / }],
    ['an empty command', [[''], { cwd }], { name: 'OptionError', message: /^command/ }],
    ['a limit of time', ['sleep 100', { cwd, limits: { time: '300ms' } }], { name: 'CommandError' }],
    ['a signal that is aborted', ['true', { cwd, signal: AbortSignal.abort() }], { name: 'AbortError' }],
  ];
  for (const [what, [command, options], error] of failures)
    it(`tells ${what}`, async () => {
      await assert.rejects(run(command, options), error);
    });

  it('ends when its signal is aborted', async () => {
    await assert.rejects(run('(setsid sleep 300 &); sleep 301', { cwd, stop: ['SIGTERM', '300ms'], signal: AbortSignal.timeout(300) }), {
      name: 'TimeoutError',
    });
    assert.deepEqual(await survivorsAfterLooking(cwd), []);
  });
});

describe('spawn', () => {
  it('gives lines as they come, and ends everything when it is disposed', async () => {
    const lines: string[] = [];
    {
      await using tree = await spawn('echo one; echo two; (setsid sleep 300 &); sleep 301', { cwd, stop: ['SIGTERM', '300ms'] });
      for await (const line of tree) {
        lines.push(line);
        if (lines.length === 2) break;
      }
      assert.deepEqual(lines, ['one', 'two']);
      await eventually('all are seen', async () => (await tree.members()).length === 3);
    }
    assert.deepEqual(await survivorsAfterLooking(cwd), []);
  });

  it('gives to another loop what the one before was not given', async () => {
    await using tree = await spawn('echo 1; echo 2; echo 3', { cwd });
    const lines: string[] = [];
    for (let loop = 0; loop < 3; loop++)
      for await (const line of tree) {
        lines.push(line);
        break;
      }
    assert.deepEqual(lines, ['1', '2', '3']);
  });

  it('gives stderr to the end to a slow reader', async () => {
    await using tree = await spawn('head -c 3000000 /dev/zero >&2; echo last >&2', { cwd });
    let text = '';
    for await (const chunk of tree.stderr) {
      text = String(chunk);
      await setTimeout(1);
    }
    assert.ok(text.endsWith('last\n'));
  });

  it('has a closed pipe where stdin or stdout is destroyed', async () => {
    await using reader = await spawn('cat', { cwd });
    reader.stdin.destroy();
    assert.equal((await reader.exited).code, 0);
    await using writer = await spawn(['yes'], { cwd });
    writer.stdout.destroy();
    assert.notEqual((await writer.exited).reason, 'exited with code 0');
  });

  it('ends a pipeline from its end', async () => {
    await using first = await spawn(['yes'], { cwd });
    await using last = await spawn(['head', '-n', '1'], { cwd });
    const joined = pipeline(first.stdout, last.stdin);
    await assert.rejects(joined, { code: 'ERR_STREAM_PREMATURE_CLOSE' });
    assert.equal((await last.stdout.toArray()).join(''), 'y\n');
    await first.exited;
  });

  it('lets the end of stdout be, where a process reads on', async () => {
    await using tree = await spawn('exec 1>&-; read line; exit "$line"', { cwd });
    assert.deepEqual(await tree.stdout.toArray(), []);
    tree.stdin.write('7\n');
    assert.equal((await tree.exited).code, 7);
    await eventually('its stdin is closed', () => tree.stdin.destroyed);
    tree.stdin.write('to nobody');
  });

  it('refuses a signal with an error of its own', async () => {
    const tree = await spawn('sleep 300', { cwd, stop: ['SIGTERM'] });
    await assert.rejects(tree.signal('SIGFOO' as NodeJS.Signals), { name: 'OptionError', message: /^signal: / });
    await tree.stop();
    await assert.rejects(tree.signal('SIGHUP'), { name: 'TreeWardenError', message: /has ended/ });
  });

  it('is ready when its probe says so, and tells each state', async () => {
    const states: string[] = [];
    await using tree = await spawn('sleep 300', { cwd, ready: { exec: 'test -e up' }, stop: ['SIGTERM'] });
    assert.equal(tree.state, 'starting');
    tree.onState((state) => states.push(state));
    writeFileSync(join(cwd, 'up'), '');
    await tree.ready;
    const exit = await tree.stop('enough');
    assert.deepEqual([states, exit.reason, exit.signal], [['ready', 'stopping', 'exited'], 'enough', 'SIGTERM']);
  });

  it('tells why it could not become ready', async () => {
    const tree = await spawn('sleep 300', { cwd, ready: { tcp: 1, deadline: '300ms' }, stop: ['SIGTERM'] });
    await assert.rejects(tree.ready, { name: 'NotReadyError', message: /^“sleep” ended before it was ready: not ready after 300 ms/ });
    assert.equal((await tree.exited).state, 'failed');
  });

  it('is ready when its probe says so of what its first process has left behind', async () => {
    // What is left behind goes on when the first process is gone, and its end known: until then it is there, if as a zombie.
    await using tree = await spawn('(while kill -0 $$; do sleep 0.05; done; touch behind; sleep 300) 2>/dev/null & exit 0', {
      cwd,
      whenLeaderExits: 'keep',
      ready: { exec: 'test -e behind', deadline: '20s' },
      stop: ['SIGTERM'],
    });
    await tree.ready;
    assert.deepEqual([tree.state, existsSync(join(cwd, 'behind'))], ['exited', true]);
  });

  it('tells why what its first process has left behind could not become ready', async () => {
    const tree = await spawn('(setsid sleep 300 &); exit 0', {
      cwd,
      whenLeaderExits: 'keep',
      ready: { exec: 'false', deadline: '500ms' },
      stop: ['SIGTERM'],
    });
    await assert.rejects(tree.ready, { name: 'NotReadyError', message: /ended before it was ready: not ready after 500 ms/ });
    assert.equal((await tree.exited).state, 'failed');
  });

  it('does not hold a process up whose output is ignored', async () => {
    const tree = await spawn('head -c 5000000 /dev/zero; exit 4', { cwd, stdout: 'ignore' });
    assert.equal((await tree.exited).code, 4);
  });

  it('ends when the guardian is killed, and the next one has another', async () => {
    const tree = await spawn('(setsid sleep 300 &); sleep 301', { cwd });
    const [warden] = place.wardenPids();
    process.kill(warden ?? assert.fail('there is no guardian'), 'SIGKILL');
    const gone = { name: 'GuardianError' };
    await Promise.all([
      assert.rejects(run('true', { cwd }), gone),
      assert.rejects(tree.members(), gone),
      assert.rejects(tree.signal('SIGHUP'), gone),
    ]);
    const { state, reason } = await tree.exited;
    assert.deepEqual([state, reason], ['killed', 'ended with the background process that guarded it']);
    await eventually('nothing is left', async () => (await survivorsAfterLooking(cwd)).length === 0);
    assert.equal((await run('echo again', { cwd })).stdout, 'again');
  });
});

describe('a tree as a child process', () => {
  it('speaks JSON-RPC on its streams, and ends by kill()', async () => {
    const jsonrpc = createRequire(import.meta.url).resolve('vscode-jsonrpc/node');
    const server = `const { createMessageConnection, StreamMessageReader, StreamMessageWriter } = require(${JSON.stringify(jsonrpc)});
      const connection = createMessageConnection(new StreamMessageReader(process.stdin), new StreamMessageWriter(process.stdout));
      connection.onRequest('double', (number) => number * 2); connection.listen();`;
    const child = (await spawn(['node', '-e', server], { cwd, stop: ['SIGTERM'] })).asChildProcess();
    assert.ok(child.stdin && child.stdout && child.pid);
    const connection = createMessageConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin));
    connection.listen();
    assert.equal(await connection.sendRequest('double', 21), 42);
    const closed = once(child, 'close');
    assert.equal(child.kill(), true);
    assert.deepEqual(await closed, [null, 'SIGTERM']);
    assert.deepEqual([child.exitCode, child.signalCode, child.killed, child.kill()], [null, 'SIGTERM', true, false]);
    connection.dispose();
  });

  it('takes signals by their numbers, and refuses what is none', async () => {
    const child = (await spawn(['sleep', '300'], { cwd })).asChildProcess();
    assert.throws(() => child.kill('SIGFOO' as NodeJS.Signals), { name: 'OptionError' });
    assert.throws(() => child.kill(4711), { name: 'OptionError' });
    assert.equal(child.kill(0), true);
    assert.equal(child.kill(constants.signals.SIGINT), true);
    assert.deepEqual(await once(child, 'close'), [null, 'SIGINT']);
  });

  it('tells all of one that has ended already', async () => {
    const tree = await spawn('exit 3', { cwd });
    await tree.exited;
    const child = tree.asChildProcess();
    const told: string[] = [];
    for (const event of ['spawn', 'exit', 'close']) child.on(event, () => told.push(event));
    await once(child, 'close');
    assert.deepEqual([told, child.exitCode], [['spawn', 'exit', 'close'], 3]);
  });

  it('is closed when it has ended, read or not', async () => {
    const child = (await spawn('echo out; echo err >&2; exit 7', { cwd })).asChildProcess();
    assert.deepEqual(await once(child, 'close'), [7, null]);
  });
});

describe('a program', () => {
  for (const [mode, code] of [
    ['short', 0],
    ['stop', 0],
    ['exit', 3],
    ['throw', 1],
    ['listener', 7],
    ['unread', 0],
    ['inherit', 0],
    ['gone', 0],
    ['worker', 0],
    ['atOnce', 3],
  ] as const)
    it(`ends by itself, and leaves nothing: ${mode}`, async () => {
      await using own = new Run();
      const { status, stdout, stderr } = spawnSync(process.execPath, [program, library, mode], {
        cwd: own.workFolder,
        env: own.env,
        encoding: 'utf8',
        timeout: 60_000,
      });
      assert.deepEqual([status, stdout.trim(), stderr.includes('Warning')], [code, mode === 'short' ? 'done' : 'up', false]);
      await eventually('nothing is left', async () => (await survivorsAfterLooking(own.workFolder)).length === 0);
      await eventually('the warden has ended', () => own.wardenPids().length === 0);
    });

  it('that has no processor while many commands begin and end has the output of each', async () => {
    await using own = new Run();
    const child = own.spawn(process.execPath, [program, library, 'stalled']);
    let output = '';
    child.stdout?.on('data', (data: Buffer) => {
      output += data;
    });
    await eventually('all run', () => linesOf(own, 'begun').length === 24);
    writeFileSync(join(own.workFolder, 'go'), '');
    await eventually('all have ended', () => own.journal().filter(({ event }) => event === 'ended').length === 25);
    child.kill('SIGCONT');
    assert.equal(await exitOf(child), 0);
    assert.deepEqual(
      JSON.parse(output),
      Array.from({ length: 24 }, () => 'outerr'),
    );
  });

  it('that is killed leaves nothing', async () => {
    await using own = new Run();
    const child = spawnChild(process.execPath, [program, library, 'wait'], {
      cwd: own.workFolder,
      env: own.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await eventually('nothing is left', async () => (await survivorsAfterLooking(own.workFolder)).length === 0);
    await eventually('the warden has ended', () => own.wardenPids().length === 0);
  });

  it('of a user compiles against the declarations', async () => {
    await using own = new Run();
    const modules = join(own.folder, 'node_modules');
    mkdirSync(modules);
    symlinkSync(root, join(modules, 'tree-warden'));
    symlinkSync(join(root, 'node_modules', '@types'), join(modules, '@types'));
    symlinkSync(join(root, 'node_modules', 'undici-types'), join(modules, 'undici-types'));
    const source = fileURLToPath(new URL('../fixtures/libraryTypes.ts', import.meta.url));
    symlinkSync(source, join(own.folder, 'user.ts'));
    const options = ['--ignoreConfig', '--noEmit', '--strict', '--preserveSymlinks', '--module', 'nodenext', '--target', 'es2023'];
    const { status, stdout } = spawnSync(
      join(root, 'node_modules', '.bin', 'tsc'),
      [...options, '--lib', 'es2023,esnext.disposable', '--types', 'node', 'user.ts'],
      { cwd: own.folder, encoding: 'utf8' },
    );
    assert.deepEqual([status, stdout], [0, '']);
  });
});
