/** Processes whose files are watched: real files, real git, real processes. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loopLength } from '../../src/fileWatch/loopGuard.ts';
import { linesOf } from '../support/declared.ts';
import { cli, eventually, exitOf, Run } from '../support/run.ts';
import { isAlive, survivorsOf } from '../support/survivors.ts';

/** Long enough for a change that should not count to have counted, in milliseconds: the debounce time and a restart. */
const quietMillis = 1000;

/** Writes one line at each start, `overlap` where the one before has not ended, and takes its time to end. */
const service =
  'trap "sleep 0.3; rm alive; exit 0" TERM; test -e alive && echo overlap >> starts; touch alive; echo start >> starts; while :; do sleep 0.05; done';

class Project implements AsyncDisposable {
  readonly run = new Run();
  /** What `up` has said on stderr, and printed. */
  told = '';
  printed = '';
  #up: (ChildProcess & { readonly pid: number }) | undefined;

  declare(processes: Record<string, object>): void {
    const plain = Object.entries(processes).map(([name, spec]) => [name, { pty: false, ...spec }]);
    this.write('.vscode/processes.json', JSON.stringify({ processes: Object.fromEntries(plain) }));
  }

  /** One change, however busy the machine is: no file is seen that is still empty. */
  write(file: string, text = 'x'): void {
    const path = join(this.run.workFolder, file);
    mkdirSync(dirname(path), { recursive: true });
    if (existsSync(path) && statSync(path).size <= Buffer.byteLength(text)) writeFileSync(path, text, { flag: 'r+' });
    else {
      const unfinished = join(this.run.folder, 'unfinished');
      writeFileSync(unfinished, text);
      renameSync(unfinished, path);
    }
  }

  lines(file: string): string[] {
    return linesOf(this.run, file);
  }

  get starts(): string[] {
    return this.lines('starts');
  }

  /** Starts `up`, and waits until its files are watched. */
  async up(...wrapper: readonly string[]): Promise<void> {
    const [program, ...args] = wrapper;
    this.#up = program === undefined ? this.run.start(['up']) : this.run.spawn(program, [...args, process.execPath, cli, 'up']);
    this.#up.stderr?.on('data', (chunk: Buffer) => {
      this.told += chunk;
    });
    this.#up.stdout?.on('data', (chunk: Buffer) => {
      this.printed += chunk;
    });
    await eventually('it runs', () => this.starts.length > 0);
    await eventually('files are watched', () => this.watcher !== undefined || this.told.includes('not watched'));
    // What is changed from its start on counts, also while the watcher reads the folders; a change of this test must be behind the start.
    await sleep(50);
  }

  /** Pid of the process that watches files. */
  get watcher(): number | undefined {
    const [warden] = this.run.wardenPids();
    const { stdout } = spawnSync('pgrep', ['-P', String(warden), '-f', 'fileWatch.js'], { encoding: 'utf8' });
    return stdout.trim() === '' ? undefined : Number(stdout.trim());
  }

  /** Waits until a folder is watched: proc_pid_fdinfo(5), `inotify`. */
  async watches(folder: string): Promise<void> {
    const inode = statSync(join(this.run.workFolder, folder)).ino.toString(16);
    await eventually(`${folder} is watched`, () => {
      const { watcher } = this;
      if (watcher === undefined) return false;
      const infos = readdirSync(`/proc/${watcher}/fdinfo`).map((fd) => readIfThere(`/proc/${watcher}/fdinfo/${fd}`));
      return infos.some((info) => info.includes(` ino:${inode} `));
    });
  }

  async restarted(times: number): Promise<void> {
    await eventually(`it is restarted ${times} times`, () => this.starts.filter((line) => line === 'start').length === times + 1);
    await sleep(quietMillis);
    assert.deepEqual(this.starts, Array(times + 1).fill('start'));
  }

  async end(): Promise<number | null> {
    const up = this.#up;
    this.#up = undefined;
    up?.kill('SIGTERM');
    return up ? await exitOf(up) : null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await this.run[Symbol.asyncDispose]();
  }
}

/** A descriptor may have been closed meanwhile. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function git(folder: string, ...args: readonly string[]): void {
  const config = ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'init.defaultBranch=main'];
  const { status, stderr } = spawnSync('git', [...config, ...args], { cwd: folder, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

describe('a process whose files are watched', () => {
  it('is restarted when one changes, with its name, and never beside its old self', async () => {
    await using project = new Project();
    project.declare({ api: { command: service, watch: ['src/**', '!**/*.test.ts'] } });
    project.write('src/a.ts');
    await project.up();
    project.write('src/a.ts', 'y');
    await project.restarted(1);
    await eventually('it is told', () => /^api \| restarting: src\/a\.ts changed$/m.test(project.told));
    await eventually('it is printed', () => /^api \| src\/a\.ts changed$/m.test(project.printed));
    project.write('src/new/deep/b.ts');
    await project.restarted(2);
    rmSync(join(project.run.workFolder, 'src/a.ts'));
    await project.restarted(3);
    const events = project.run.journal().filter(({ event }) => event === 'watch');
    assert.deepEqual(
      events.map(({ spec, reason }) => [spec, reason]),
      [
        ['api', 'restarting: src/a.ts changed'],
        ['api', 'restarting: src/new/deep/b.ts changed'],
        ['api', 'restarting: src/a.ts changed'],
      ],
    );
    const watcher = project.watcher;
    await project.end();
    assert.ok(watcher !== undefined);
    await eventually('the watcher has ended', () => !isAlive(watcher));
    assert.deepEqual(survivorsOf(project.run.workFolder), []);
  });

  it('is left alone by what git ignores, .git, node_modules, negations and hidden files', async () => {
    await using project = new Project();
    const folder = project.run.workFolder;
    git(folder, 'init', '-q');
    project.write('.gitignore', 'dist/\n*.log\n/starts\n/alive\n');
    project.declare({ api: { command: service, watch: ['**', '!**/*.test.ts'] } });
    await project.up();
    // Else it would go by the rules that come later, also for what was changed before.
    await project.watches('.');
    for (const file of ['dist/a.js', 'src/a.log', 'src/a.test.ts', 'node_modules/x/index.js', 'src/node_modules/y.js', '.cache/x'])
      project.write(file);
    git(folder, 'add', '-A');
    git(folder, 'commit', '-qm', 'one');
    await sleep(quietMillis);
    assert.deepEqual(project.starts, ['start']);
    // Rules are those of now, also for folders that were ignored before.
    project.write('.gitignore', '*.log\n/starts\n/alive\n');
    await project.watches('dist');
    await sleep(quietMillis);
    project.write('dist/a.js', 'y');
    await project.restarted(1);
  });

  it('is restarted once for 500 files at once', async () => {
    await using project = new Project();
    project.declare({ api: { command: service, watch: ['src'] } });
    project.write('src/a.ts');
    await project.up();
    // At once for the process that watches, however long this one takes to write them.
    const { watcher } = project;
    assert.ok(watcher !== undefined);
    process.kill(watcher, 'SIGSTOP');
    for (let count = 0; count < 500; count++) project.write(`src/folder${count % 25}/${count}.ts`);
    process.kill(watcher, 'SIGCONT');
    await project.restarted(1);
    await eventually('it is told', () => /restarting: src\/\S+ and 499 more changed/.test(project.told));
  });

  it('is restarted once by a checkout, and by a rebase that stops at a conflict when that is over', async () => {
    await using project = new Project();
    const folder = project.run.workFolder;
    git(folder, 'init', '-q');
    project.write('.gitignore', 'starts\nalive\n');
    project.declare({ api: { command: service, watch: ['src'] } });
    project.write('src/conflict', 'one\n');
    git(folder, 'add', '-A');
    git(folder, 'commit', '-qm', 'one');
    git(folder, 'checkout', '-qb', 'large');
    for (let count = 0; count < 2000; count++) project.write(`src/a${count % 40}/b${count % 7}/${count}.ts`, `${count}`);
    project.write('src/conflict', 'two\n');
    git(folder, 'add', '-A');
    git(folder, 'commit', '-qm', 'two');
    git(folder, 'checkout', '-q', 'main');
    project.write('src/conflict', 'three\n');
    git(folder, 'commit', '-qam', 'three');
    await project.up();
    git(folder, 'checkout', '-q', 'large');
    await project.restarted(1);
    spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', 'rebase', 'main'], { cwd: folder });
    await eventually('it is told what is waited for', () => project.told.includes('waits for the end of a rebase'));
    project.write('src/conflict', 'solved\n');
    await sleep(quietMillis);
    assert.equal(project.starts.length, 2);
    git(folder, 'add', '-A');
    git(folder, '-c', 'core.editor=true', 'rebase', '--continue');
    await project.restarted(2);
  });

  it('is started again where it has crashed, and `up` waits for that', async () => {
    await using project = new Project();
    project.declare({ api: { command: 'echo start >> starts; test -e src/good || exit 3; sleep 1000', watch: ['src'] } });
    project.write('src/a.ts');
    await project.up();
    await eventually('it is told', () => project.told.includes('api | waits for a change of its files'));
    project.write('src/good');
    await project.restarted(1);
    assert.equal(project.run.call(['kill', 'api']).code, 0);
    await eventually('`up` has nothing to wait for', () => project.watcher === undefined);
  });

  it('is sent a signal, or has a command run whose processes end with it', async () => {
    await using project = new Project();
    project.declare({
      api: {
        command: 'trap "echo reloaded >> starts" HUP; echo start >> starts; while :; do sleep 0.05; done',
        watch: { paths: ['config.yaml'], action: { signal: 'SIGHUP' } },
      },
      web: {
        command: 'sleep 1000',
        env: { OF: 'web' },
        watch: {
          paths: ['schema/*'],
          action: { run: 'echo $OF >> generated; setsid sleep 1000 & echo $! >> strays; sleep 0.5; test -e fine' },
        },
      },
    });
    await project.up();
    project.write('config.yaml');
    await eventually('it has reloaded', () => project.starts.join() === 'start,reloaded');
    project.write('schema/a');
    await eventually('the command runs', () => project.lines('generated').length === 1);
    project.write('schema/a', 'y');
    await eventually('it is run once more, after the first has ended', () => project.lines('generated').join() === 'web,web');
    await eventually('its failure is told', () => /The command that follows changed files of 'web' has failed: /.test(project.told));
    await eventually('nothing of it is left', () => project.run.ps().every(({ name }) => name !== 'web+watch'));
    const strays = project.lines('strays').map(Number);
    await eventually('nor of what it has started', () => strays.length === 2 && !strays.some(isAlive));
  });

  it('that writes what is watched is found out, by the name of the file, and runs on', async () => {
    await using project = new Project();
    // At once: a file that is empty until date(1) has started would have changed twice.
    project.declare({ api: { command: 'echo start >> starts; echo $(date +%N) > src/gen.ts; sleep 1000', watch: ['src/**'] } });
    project.write('src/a.ts');
    await project.up();
    await eventually(
      'it is told',
      () => project.told.includes("Watching files of 'api' has stopped: 'src/gen.ts' has changed again"),
      60_000,
    );
    const { length } = project.starts;
    assert.ok(length >= loopLength, String(length));
    // On a busy machine some restarts take longer than others: it is found out at the first ten that took about the same time.
    const times = project.run.journal().flatMap(({ event, time }) => (event === 'watch' ? Date.parse(String(time)) : []));
    assert.ok(length <= times.length + 1, `${length} starts by ${times.length} actions`);
    const intervals = times.slice(1).map((at, index) => at - (times[index] ?? at));
    const spreads = intervals.slice(loopLength - 2).map((_, index) => {
      const inARow = intervals.slice(index, index + loopLength - 1);
      return Math.max(...inARow) - Math.min(...inARow);
    });
    assert.ok(
      spreads.slice(0, -1).every((spread) => spread > 800),
      `found at the last of ${spreads}`,
    );
    await sleep(quietMillis);
    assert.equal(project.starts.length, length);
    assert.equal(project.run.ps()[0]?.state, 'ready');
    assert.equal(project.told.match(/has stopped/g)?.length, 1);
  });

  it('is restarted for what was changed while the process that watches was dead, and runs on when that dies too often', async () => {
    await using project = new Project();
    project.declare({ api: { command: service, watch: ['src'] } });
    project.write('src/a.ts');
    await project.up();
    await sleep(quietMillis);
    const [tree] = project.run.ps();
    const kill = async (): Promise<void> => {
      await eventually('files are watched', () => project.watcher !== undefined);
      const { watcher } = project;
      if (watcher !== undefined) process.kill(watcher, 'SIGKILL');
      await eventually('it is gone', () => watcher !== undefined && !isAlive(watcher));
    };
    await kill();
    project.write('src/a.ts', 'y');
    await project.restarted(1);
    for (let count = 0; count < 5; count++) await kill();
    await eventually('it is told', () =>
      /Files of 'api' are not watched: the process that watches them was killed by SIGKILL/.test(project.told),
    );
    assert.deepEqual(project.starts, ['start', 'start']);
    assert.notEqual(project.run.ps()[0]?.id, tree?.id);
    assert.equal(project.run.ps()[0]?.state, 'ready');
  });

  it('of which there are several is restarted one after the other', async () => {
    await using project = new Project();
    const command =
      'echo "up $TREE_WARDEN_INSTANCE" >> starts; trap "echo down $TREE_WARDEN_INSTANCE >> starts; exit 0" TERM; sleep 0.2; echo ready; while :; do sleep 0.05; done';
    project.declare({
      api: { command, instances: 3, ready: { log: '^ready$' }, watch: ['src'] },
    });
    project.write('src/a.ts');
    await project.up();
    await eventually('all are ready', () => project.run.ps().filter(({ state }) => state === 'ready').length === 3);
    project.write('src/a.ts', 'y');
    await eventually('all are restarted', () => project.starts.length === 9);
    assert.deepEqual(project.starts.slice(3), ['down 1', 'up 1', 'down 2', 'up 2', 'down 3', 'up 3']);
  });

  it('is restarted when a folder has vanished and come back', async () => {
    await using project = new Project();
    const folder = project.run.workFolder;
    project.declare({ api: { command: service, watch: ['src/inner/**'] } });
    project.write('src/inner/a.ts');
    await project.up();
    // What is told of the file is known of it: what vanishes before leaves no trace.
    project.write('src/inner/a.ts', 'w');
    await project.restarted(1);
    renameSync(join(folder, 'src'), join(folder, 'away'));
    await project.restarted(2);
    renameSync(join(folder, 'away'), join(folder, 'src'));
    await project.restarted(3);
    project.write('src/inner/a.ts', 'y');
    await project.restarted(4);
  });

  it('runs on unwatched, and says why, where the system watches no more files', async (context) => {
    const limited = ['unshare', '-Ur', 'sh', '-c', 'echo 30 > /proc/sys/user/max_inotify_watches && exec "$@"', 'sh'];
    const [program = '', ...args] = limited;
    if (spawnSync(program, [...args, 'true']).status !== 0) return context.skip('no user namespaces here');
    await using project = new Project();
    project.declare({ api: { command: service, watch: ['src'] } });
    for (let count = 0; count < 60; count++) project.write(`src/${count}/a.ts`);
    await project.up(...limited);
    await eventually('it is told', () =>
      /Files of 'api' are not watched: the system watches no more files .*fs\.inotify\.max_user_watches/.test(project.told),
    );
    project.write('src/1/a.ts', 'y');
    await sleep(quietMillis);
    assert.deepEqual(project.starts, ['start']);
    assert.equal(project.told.match(/are not watched/g)?.length, 1);
    return undefined;
  });
});
