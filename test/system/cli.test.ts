import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { writeProcesses } from '../support/declared.ts';
import { cli, eventually, exitOf, Run } from '../support/run.ts';
import { isAlive, survivorsAfterLooking } from '../support/survivors.ts';

describe('tree-warden run', () => {
  const statuses: [string, string[], number][] = [
    ['success', ['true'], 0],
    ['the exit code', ['sh', '-c', 'exit 42'], 42],
    ['the signal that ended it', ['sh', '-c', 'kill -SEGV $$'], 128 + 11],
    ['a command that is not there', ['no-such-command'], 127],
    ['a command that may not be run', ['/etc/passwd'], 126],
  ];
  for (const [what, argv, code] of statuses) {
    it(`passes on ${what}`, async () => {
      await using run = new Run();
      assert.equal(run.call(['run', '--', ...argv]).code, code);
    });
  }

  it('hands stdin, stdout and stderr through, byte for byte and apart', async () => {
    await using run = new Run();
    const input = Array.from({ length: 50_000 }, (_, index) => `line ${index}\n`).join('');
    const { stdout, stderr, code } = run.call(['run', '--', 'sh', '-c', 'cat; echo problem >&2'], { input });
    assert.deepEqual({ code, stderr, same: stdout === input }, { code: 0, stderr: 'problem\n', same: true });
  });

  it('leaves options behind the command to the command', async () => {
    await using run = new Run();
    assert.equal(run.call(['run', 'echo', '--name', '-g', '--help']).stdout, '--name -g --help\n');
    assert.equal(run.call(['run', '--name', 'x', '--', 'echo', '--', '-n']).stdout, '-- -n\n');
  });

  it('hands on a hundred thousand arguments, and says so where there are more', async () => {
    await using run = new Run();
    const count = (words: number): ReturnType<Run['call']> => {
      const command = ['run', '--', 'sh', '-c', 'echo $#', 'sh'];
      return run.call([...command, ...Array.from({ length: words - command.length }, () => 'x')]);
    };
    assert.deepEqual(count(100_000), { code: 0, stdout: '99994\n', stderr: '' });
    for (const more of [100_001, 150_000])
      assert.deepEqual(count(more), {
        code: 2,
        stdout: '',
        stderr: `tree-warden: There are ${more} arguments, and at most 100000 can be handed on. Use a file, or xargs -n.\n`,
      });
  });

  it('gives a terminal to a command that is run on one', async () => {
    await using run = new Run();
    const inner = `stty cols 97 rows 31; ${process.execPath} ${cli} run -- sh -c 'test -t 0 && test -t 1 && stty size; exit 5'`;
    const { stdout, status } = spawnSync('script', ['-qec', inner, '/dev/null'], { env: run.env, cwd: run.workFolder, encoding: 'utf8' });
    assert.equal(status, 5);
    // script(1) sends a NUL at the end of its own input, whose echo may stand before or behind.
    assert.match(stdout, /31 97\s/);
  });

  for (const [signal, status] of [
    ['SIGINT', 7],
    ['SIGTERM', 8],
    ['SIGHUP', 9],
  ] as const) {
    it(`begins a stop with the very signal that it got: ${signal}`, async () => {
      await using run = new Run();
      const child = run.start([
        'run',
        '--',
        'sh',
        '-c',
        'trap "exit 7" INT; trap "exit 8" TERM; trap "exit 9" HUP; touch up; while :; do sleep 0.01; done',
      ]);
      await eventually('it is up', () => exists(join(run.workFolder, 'up')));
      child.kill(signal);
      assert.equal(await exitOf(child), status);
    });
  }

  it('kills at a second signal', async () => {
    await using run = new Run();
    const child = run.start([
      'run',
      '--grace',
      '10m',
      '--',
      'sh',
      '-c',
      'trap "echo > asked" TERM; touch up; while :; do sleep 0.01; done',
    ]);
    await eventually('it is up', () => exists(join(run.workFolder, 'up')));
    child.kill('SIGTERM');
    await eventually('it was asked', () => exists(join(run.workFolder, 'asked')));
    child.kill('SIGTERM');
    assert.equal(await exitOf(child), 128 + 9);
  });

  it('says that its warden was killed, with a status of its own', async () => {
    await using run = new Run();
    const child = run.start(['run', '--', 'sleep', '100']);
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    const warden = await eventually('it is up', () => run.wardenPids()[0]);
    await eventually('it runs', () => run.ps().length === 1);
    process.kill(warden, 'SIGKILL');
    assert.equal(await exitOf(child), 125);
    assert.equal(said, 'tree-warden: The warden was killed; every process it guarded has been ended.\n');
  });

  it('refuses a second one of the same name, and the first one runs on', async () => {
    await using run = new Run();
    const first = run.start(['run', '--name', 'api', '--', 'sleep', '100']);
    await eventually('it runs', () => run.ps().length === 1);
    const { code, stderr } = run.call(['run', '--name', 'api', '--', 'sleep', '100']);
    assert.equal(code, 1);
    assert.match(stderr, /^tree-warden: 'api' is already running \(pid \d+, tree [0-9a-f]{8}\)\. Choose another --name/);
    assert.ok(isAlive(first.pid));
    assert.deepEqual(
      run.ps().map((tree) => tree.name),
      ['api'],
    );
  });

  it('guards what runs inside another one too', async () => {
    await using run = new Run();
    const outer = run.start(['run', '--', process.execPath, cli, 'run', '--', 'sh', '-c', `(setsid sleep 100 &) ; sleep 101`]);
    await eventually('the inner one runs', () => run.ps().length === 2);
    // By its parent: the numbers of processes begin anew.
    const outermost = run.wardenPids().find((pid) => parentOf(pid) === outer.pid) ?? assert.fail('it is not on record');
    outer.kill('SIGKILL');
    process.kill(outermost, 'SIGKILL');
    await eventually('no process is left', async () => (await survivorsAfterLooking(run.folder)).length === 0);
  });
});

describe('wrong arguments', () => {
  const cases: [string, string[], number, RegExp][] = [
    ['no command', ['run'], 2, /missing required argument 'command'/],
    [
      'a grace that is no duration',
      ['run', '--grace', 'soon', '--', 'true'],
      2,
      /--grace: 'soon' is not a duration: write a number with ms, s, m or h/,
    ],
    [
      'a containment that does not exist',
      ['run', '--containment', 'fence', '--', 'true'],
      2,
      /Allowed choices are auto, group, cgroup, namespace, job/,
    ],
    ['an unknown command', ['dance'], 2, /unknown command 'dance'/],
    [
      'a command of other programs',
      ['start', 'web'],
      2,
      /unknown command 'start'\n\(tree-warden up NAME starts a declared process\)\n\(tree-warden --help/,
    ],
    ['an unknown option', ['ps', '--loud'], 2, /unknown option '--loud'/],
    ['kill without a name', ['kill'], 2, /Name a tree, its id or a pid, or say --all/],
    ['kill of an unknown name', ['kill', 'missing'], 1, /There is no running tree 'missing'\. Nothing is running\./],
    ['stop, which is kill', ['stop', 'missing'], 1, /There is no running tree 'missing'\. Nothing is running\./],
    ['an option that run does not have', ['run', '--bogus'], 2, /unknown option '--bogus'\n\(tree-warden run --help lists its options\)/],
    ['mcp with a port and no server', ['mcp', '--port', '3000'], 2, /--port is for --http only/],
    ['logs of an unknown name', ['logs', 'missing'], 1, /There is no running tree 'missing'/],
    ['up without a file', ['up'], 2, /There is no .*processes\.json in .* or in a folder above it\..* tree-warden import FILE$/m],
  ];
  for (const [what, args, code, message] of cases) {
    it(`get a clear sentence and a status: ${what}`, async () => {
      await using run = new Run();
      const answer = run.call(args);
      assert.equal(answer.code, code);
      assert.match(answer.stderr, message);
    });
  }

  it('are explained by --help, exit statuses included', async () => {
    await using run = new Run();
    const { code, stdout } = run.call(['--help']);
    assert.equal(code, 0);
    for (const part of ['run', 'up', 'ps', 'kill', 'restart', 'logs', 'sweep', '125', '128+N']) assert.ok(stdout.includes(part), part);
  });
});

describe('ps, kill, restart and logs', () => {
  const processes = {
    talker: { command: 'echo hello; while :; do sleep 1; done' },
    other: { command: ['sleep', '100'] },
  };

  it('see and control what another command started', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, processes);
    const up = run.start(['up']);
    const [talker] = await eventually('both run', () => {
      const trees = run.ps();
      return trees.length === 2 && trees.every((tree) => tree.members.length > 0) ? trees : undefined;
    });
    assert.ok(talker);
    assert.match(run.call(['ps']).stdout, /^ID\s+NAME\s+STATE\s+PID\s+MEMBERS\s+CPU\s+MEMORY\s+PORTS\s+TIME\s+COMMAND\n.*talker/);
    await eventually('what it says is kept', () => run.call(['logs', 'talker']).stdout === 'hello\n');
    assert.match(run.call(['restart', 'talker']).stdout, /^talker: restarted \(pid \d+\)\n$/);
    const again = run.ps().find((tree) => tree.name === 'talker');
    assert.ok(again && again.leader.pid !== talker.leader.pid);
    assert.ok(!isAlive(talker.leader.pid));
    assert.equal(run.call(['kill', String(again.leader.pid)]).stdout, 'talker: stopped\n');
    assert.equal(run.call(['kill', '--all', '--json']).code, 0);
    // `up` ends when everything it started has ended.
    assert.equal(await exitOf(up), 0);
    assert.deepEqual(run.ps(), []);
  });

  it('say that nothing is running where all are to be stopped and there are none', async () => {
    await using run = new Run();
    assert.deepEqual(run.call(['kill', '--all']), { code: 0, stdout: 'Nothing is running.\n', stderr: '' });
    assert.deepEqual(run.call(['kill', '--all', '--json']), { code: 0, stdout: '[]\n', stderr: '' });
  });

  it('follow a log until its tree ends', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { talker: { command: 'echo one; while [ ! -e more ]; do sleep 0.01; done; echo two; sleep 100' } });
    run.start(['up']);
    await eventually('it runs', () => run.ps().length === 1);
    const logs = run.start(['logs', '-f', 'talker']);
    let text = '';
    logs.stdout?.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    await eventually('the first line is there', () => text === 'one\n');
    writeFileSync(join(run.workFolder, 'more'), '');
    await eventually('the second line is there', () => text === 'one\ntwo\n');
    run.call(['kill', 'talker']);
    assert.equal(await exitOf(logs), 0);
  });

  for (const [what, isDetached, count, isWhole] of [
    ['that has been rotated', false, 1_500_000, true],
    ['of which the beginning is gone', false, 5_600_000, false],
    ['that a detached process writes', true, 1_500_000, true],
  ] as const) {
    it(`print all of a log ${what}, once, and say what is missing`, async () => {
      await using run = new Run();
      const line = `seq 1 ${count}; touch printed; until test -e more; do sleep 0.02; done; echo more; exec sleep 1000`;
      writeProcesses(run.workFolder, { big: { command: line } });
      if (isDetached) run.call(['run', '--detached', '--name', 'big', '--', 'sh', '-c', line]);
      else run.start(['up']);
      await eventually('it has printed', () => exists(join(run.workFolder, 'printed')));
      const { stdout, stderr } = await eventually('the last line is kept', () => {
        const printed = run.call(['logs', 'big']);
        return printed.stdout.endsWith(`\n${count}\n`) && printed;
      });
      const lines = stdout.trimEnd().split('\n');
      assert.equal(lines.length, count - Number(lines[0]) + 1, 'without a gap or a repetition');
      assert.equal(lines[0] === '1', isWhole, lines[0]);
      assert.match(stderr, isWhole ? /^$/ : /^tree-warden: The first \d{7,} bytes are missing, .*\n$/);
      const following = run.start(['logs', '-f', 'big']);
      let length = 0;
      following.stdout?.on('data', (chunk: Buffer) => {
        length += chunk.length;
      });
      await eventually('all of it is printed again', () => length === stdout.length);
      writeFileSync(join(run.workFolder, 'more'), '');
      await eventually('what comes is printed', () => length === stdout.length + 'more\n'.length);
      run.call(['kill', 'big']);
      assert.equal(await exitOf(following), 0);
    });
  }

  it('ask for an id where a name is not enough', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { same: { command: ['sleep', '100'] } });
    run.start(['up']);
    run.start(['up']);
    const trees = await eventually('both run', () => (run.ps().length === 2 ? run.ps() : undefined));
    const { code, stderr } = run.call(['kill', 'same']);
    assert.equal(code, 1);
    assert.match(stderr, /'same' is the name of 2 trees; name one by its id:\n {2}[0-9a-f]{8} /);
    for (const tree of trees) assert.equal(run.call(['kill', tree.id.slice(0, 8)]).code, 0);
  });

  it('leave out a warden that does not answer, and say so', async () => {
    await using run = new Run();
    const first = run.start(['run', '--name', 'good', '--', 'sleep', '100']);
    await eventually('it runs', () => run.ps().length === 1);
    run.start(['run', '--name', 'hung', '--', 'sleep', '100']);
    const hung = await eventually('both run', () => (run.ps().length === 2 ? run.ps().find((tree) => tree.name === 'hung') : undefined));
    process.kill(hung.warden.pid, 'SIGSTOP');
    const { stdout, stderr, code } = run.call(['ps', '--json']);
    process.kill(hung.warden.pid, 'SIGCONT');
    assert.equal(code, 0);
    assert.match(stderr, /was left out: it does not answer/);
    assert.deepEqual(
      (JSON.parse(stdout) as { name: string }[]).map((tree) => tree.name),
      ['good'],
    );
    assert.ok(isAlive(first.pid));
  });
});

describe('tree-warden up', () => {
  it('goes on with a process that was restarted, and ends with the last one', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { a: { command: 'echo "start $$"; sleep 100' } });
    const up = run.start(['up']);
    let text = '';
    up.stdout?.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    await eventually('it runs', () => /start/.test(text));
    run.call(['restart', 'a']);
    await eventually('it runs again', () => text.match(/start \d/g)?.length === 2);
    run.call(['kill', 'a']);
    assert.equal(await exitOf(up), 0);
    assert.match(text, /^a \| start \d+\na \| restarted by tree-warden restart\na \| start \d+\na \| stopped by tree-warden kill\n$/);
  });

  it('prefixes every line with its process, and passes on the first failure', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { a: { command: 'echo one; printf "no newline"' }, longer: { command: 'echo two; exit 3' } });
    const { stdout, code } = run.call(['up']);
    assert.deepEqual(stdout.split('\n').sort(), [
      '',
      'a      | exited with code 0',
      'a      | no newline',
      'a      | one',
      'longer | exited with code 3',
      'longer | two',
    ]);
    assert.equal(code, 3);
  });

  it('passes an unfinished line on after a moment, and all of a line of 60 MB', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, {
      a: { command: 'printf "continue? "; until test -e go; do sleep 0.02; done; head -c 60000000 /dev/zero | tr "\\0" x' },
    });
    const up = run.start(['up']);
    let beginning = '';
    let length = 0;
    up.stdout?.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (beginning.length < 100) beginning += chunk;
    });
    await eventually('its question is there', () => beginning === 'a | continue? ');
    writeFileSync(join(run.workFolder, 'go'), '');
    assert.equal(await exitOf(up), 0);
    await eventually('all of it was read', () => length === 'a | continue? '.length + 60_000_000 + '\na | exited with code 0\n'.length);
  });

  it('ends its processes where the reader of its output has gone, with the status of SIGPIPE', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, {
      a: { command: 'echo $$ > pid; until test -s other; do sleep 0.02; done; while :; do echo line; sleep 0.02; done' },
      b: { command: 'echo $$ > other; sleep 1000' },
    });
    const line = `{ ${process.execPath} ${cli} up; echo $? > status; } | head -1`;
    const { stdout, stderr } = spawnSync('sh', ['-c', line], { cwd: run.workFolder, env: run.env, encoding: 'utf8', timeout: 60_000 });
    assert.equal(stdout, 'a | line\n');
    const read = (file: string): string => readFileSync(join(run.workFolder, file), 'utf8');
    assert.equal(read('status'), '141\n');
    assert.match(stderr, /^tree-warden: The reader of the output has gone/);
    for (const file of ['pid', 'other']) assert.equal(isAlive(Number(read(file))), false, file);
  });

  it('starts only what is named, and says what is not declared', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { a: { command: 'echo one' }, b: { command: 'echo two' } });
    assert.equal(run.call(['up', 'b']).stdout, 'b | two\nb | exited with code 0\n');
    const { code, stderr } = run.call(['up', 'c']);
    assert.equal(code, 2);
    assert.match(stderr, /declares no process 'c'; it declares a, b\./);
  });

  it('fills in folder, environment and ports, and finds the file from below', async () => {
    await using run = new Run({ GREETING: 'hi' });
    writeProcesses(run.workFolder, {
      a: {
        command: 'echo ${env:GREETING} ${workspaceFolder} ${port:web} ${port:web} ${HOME:+home} $FROM_FILE $FROM_ENV',
        env: { FROM_ENV: '${port:web}' },
        envFile: '.env',
      },
    });
    writeFileSync(join(run.workFolder, '.env'), 'FROM_FILE=file\n');
    mkdirSync(join(run.workFolder, 'sub'));
    const [line = ''] = run.call(['up'], { cwd: join(run.workFolder, 'sub') }).stdout.split('\n');
    const [, port] = line.match(/ (\d+) /) ?? [];
    assert.equal(line, `a | hi ${run.workFolder} ${port} ${port} home file ${port}`);
  });

  it('points at the line and the column of a mistake, and starts nothing', async () => {
    await using run = new Run();
    mkdirSync(join(run.workFolder, '.vscode'));
    writeFileSync(
      join(run.workFolder, '.vscode', 'processes.json'),
      '{\n  "processes": {\n    "ok": { "command": "touch started" },\n    "a": { "comand": "x" },\n    "b": { "command": "x", "stop": ["SIGNOPE"] }\n  }\n}\n',
    );
    const { code, stderr } = run.call(['up']);
    assert.equal(code, 2);
    assert.match(stderr, /processes\.json:4:12: processes\.a: there is no key 'comand'\. Did you mean "command"\? Known are command/);
    assert.match(stderr, /processes\.json:5:36: processes\.b\.stop: 'SIGNOPE' is not a signal of this system/);
    assert.ok(!exists(join(run.workFolder, 'started')));
  });

  it('says what a file without processes does declare', async () => {
    await using run = new Run();
    mkdirSync(join(run.workFolder, '.vscode'));
    const declared = {
      models: { small: { runtime: 'vllm', model: 'x' }, large: { runtime: 'vllm', model: 'y' } },
      mcpServers: { files: { command: ['x'] } },
    };
    writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), JSON.stringify(declared));
    const { code, stderr } = run.call(['up']);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /processes\.json declares no processes\. It declares models: tree-warden gateway serves small, large\. Its MCP servers .*: files\.\n$/,
    );
  });

  it('points at broken JSON', async () => {
    await using run = new Run();
    mkdirSync(join(run.workFolder, '.vscode'));
    writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), '{\n  "processes": {\n    "a": { "command": "x" \n');
    const { code, stderr } = run.call(['up']);
    assert.equal(code, 2);
    assert.match(stderr, /processes\.json:4:1: Not valid JSON: close brace expected/);
  });
});

describe('folders that are not as they should be', () => {
  for (const command of [['run', 'true'], ['run', '-d', 'true'], ['up'], ['gateway']])
    it(`a working directory that has been removed is named by ${command.join(' ')}`, async () => {
      await using run = new Run();
      const line = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" "$@"';
      const { status, stderr } = spawnSync('sh', ['-c', line, process.execPath, cli, ...command], {
        env: run.env,
        cwd: run.workFolder,
        encoding: 'utf8',
      });
      assert.equal(status, command[0] === 'run' ? 126 : 1);
      assert.equal(
        stderr,
        'tree-warden: The working directory cannot be used: no such file or directory (ENOENT). It was probably removed; change to another folder and try again.\n',
      );
    });

  it('a runtime folder of another user is not trusted', {
    skip: process.getuid?.() === 0 ? 'root owns whatever it likes' : false,
  }, async () => {
    await using run = new Run({ TREE_WARDEN_RUNTIME_DIR: '/' });
    const { code, stderr } = run.call(['run', '--', 'true']);
    assert.equal(code, 125);
    assert.match(stderr, /\/ is not a folder of this user \(owner 0\), so its records cannot be trusted/);
  });

  it('a runtime folder that holds something else is refused, and left as it is', async () => {
    await using run = new Run();
    const documents = join(run.folder, 'Documents');
    mkdirSync(join(documents, 'deadbeef'), { recursive: true });
    writeFileSync(join(documents, 'deadbeef', 'letter.txt'), '');
    for (const path of [join(documents, 'deadbeef'), documents]) utimesSync(path, 0, 0);
    for (const args of [['run', '--', 'true'], ['ps'], ['sweep'], ['up']]) {
      const { code, stderr } = run.call(args, { env: { TREE_WARDEN_RUNTIME_DIR: documents } });
      assert.ok(code !== 0 && code !== null, args.join(' '));
      if (args[0] !== 'up')
        assert.match(stderr, /Documents cannot be the folder for runtime records: it holds something else \('deadbeef'\)/);
    }
    assert.ok(existsSync(join(documents, 'deadbeef', 'letter.txt')));
    assert.equal(statSync(documents).mode & 0o777, 0o777 & ~process.umask());
  });

  it('a runtime folder that cannot be made is named', async () => {
    await using run = new Run();
    const env = { TREE_WARDEN_RUNTIME_DIR: '/proc/nowhere' };
    const { code, stderr } = run.call(['run', '--', 'true'], { env });
    assert.equal(code, 125);
    assert.match(stderr, /The folder for runtime records, \/proc\/nowhere, cannot be created: .*Set TREE_WARDEN_RUNTIME_DIR/);
  });

  it('a log folder that cannot be written costs the log, not the process', async () => {
    await using run = new Run();
    writeFileSync(join(run.folder, 'file'), '');
    const { code, stdout, stderr } = run.call(['run', '--', 'echo', 'hello'], { env: { XDG_STATE_HOME: join(run.folder, 'file') } });
    assert.deepEqual({ code, stdout }, { code: 0, stdout: 'hello\n' });
    assert.match(stderr, /The journal .* cannot be written: .*ENOTDIR.*Processes are guarded all the same/);
  });

  it('a full disk costs the log, not the process', async (context) => {
    await using run = new Run();
    mkdirSync(join(run.folder, 'full'));
    writeProcesses(run.workFolder, { loud: { command: 'head -c 3000000 /dev/zero | tr "\\0" x; echo; echo end' } });
    const script = `mount -t tmpfs -o size=64k none ${join(run.folder, 'full')} && XDG_STATE_HOME=${join(run.folder, 'full')} exec ${process.execPath} ${cli} up`;
    const { status, stdout, stderr } = spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', script], {
      cwd: run.workFolder,
      env: run.env,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    if (stderr.includes('unshare')) return context.skip('this system allows no user namespaces');
    assert.equal(status, 0, stderr);
    assert.match(stdout, /loud \| end\nloud \| exited with code 0\n$/);
    assert.match(stderr, /The log of 'loud' cannot be written: .*ENOSPC.*It runs on/);
  });
});

describe('the socket', () => {
  it('does not let a wrong message end the warden', async () => {
    await using run = new Run();
    run.start(['run', '--name', 'steady', '--', 'sleep', '100']);
    await eventually('it runs', () => run.ps().length === 1);
    const [record] = run.ps();
    assert.ok(record);
    for (const rubbish of ['GET / HTTP/1.1\r\n\r\n', 'Content-Length: 5\r\n\r\n{{{{{', 'Content-Length: 99999999999\r\n\r\n', '\0\0\0']) {
      const socket = connect(join(run.runtimeFolder, run.wardenIds()[0] ?? '', 'warden.sock'));
      await new Promise((resolve) => socket.write(rubbish, resolve));
      socket.destroy();
    }
    assert.deepEqual(
      run.ps().map((tree) => tree.leader.pid),
      [record.leader.pid],
    );
  });
});

function parentOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/^PPid:\t(\d+)/m)?.[1]);
}

function exists(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}
