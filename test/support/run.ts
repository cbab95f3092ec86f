import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cgroupRootPaths, removeCgroup, rootPrefix } from '../../src/platform/linux/cgroups.ts';
import { Patience } from './patience.ts';
import { beginRun, clearAway, isAlive, killIfThere, runPrefix, startTimeOf } from './survivors.ts';

export const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
export const wardenScript = fileURLToPath(new URL('../../dist/warden.js', import.meta.url));

/** Whether a program that a test or a bench can do without is there. */
export function isInPath(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined;
}

/** What is read of the record of a tree. */
interface RecordedTree {
  readonly name: string;
  readonly startedAt: number;
  readonly members: readonly { readonly pid: number }[];
}

/** A folder of its own for one test, with runtime records and logs inside; everything that belongs to it can be found by its name. */
export class Run implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), runPrefix));
  readonly runtimeFolder = join(this.folder, 'runtime');
  readonly workFolder = join(this.folder, 'work');
  readonly env: NodeJS.ProcessEnv;

  constructor(env: NodeJS.ProcessEnv = {}) {
    beginRun(this.folder, this.workFolder);
    mkdirSync(this.workFolder);
    writeFileSync(join(this.workFolder, 'idle'), '');
    this.env = {
      ...process.env,
      PATH: `${process.env['PATH']}:/usr/sbin:/sbin`,
      TREE_WARDEN_RUNTIME_DIR: this.runtimeFolder,
      XDG_STATE_HOME: join(this.folder, 'state'),
      NODE_OPTIONS: '',
      ...env,
    };
  }

  get journalPath(): string {
    return join(this.folder, 'state', 'tree-warden', 'logs', 'journal.jsonl');
  }

  /** The whole lines so far: a reader may see a part of the line that is being written. */
  journal(): Record<string, unknown>[] {
    return readFileSync(this.journalPath, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Starts `tree-warden …` in the background. */
  start(args: readonly string[], cwd = this.workFolder): ChildProcess & { readonly pid: number } {
    return this.spawn(process.execPath, [cli, ...args], cwd);
  }

  /** Starts any program in the background. */
  spawn(program: string, args: readonly string[], cwd = this.workFolder): ChildProcess & { readonly pid: number } {
    const child = spawn(program, args, { cwd, env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
    if (child.pid === undefined) throw new Error(`${program} could not be started`);
    child.stdout?.resume();
    child.stderr?.resume();
    return child as ReturnType<Run['start']>;
  }

  /** Runs `tree-warden …` to its end. */
  call(
    args: readonly string[],
    options: { readonly input?: string; readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
  ): { readonly code: number | null; readonly stdout: string; readonly stderr: string } {
    const { input = '', cwd = this.workFolder, env = {} } = options;
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
      cwd,
      env: { ...this.env, ...env },
      encoding: 'utf8',
      input,
      maxBuffer: 2 ** 30,
    });
    return { code: status, stdout, stderr };
  }

  /** Runs `tree-warden …` on a terminal of its own, which script(1) lends it; what it prints is everything that is seen there. */
  onTerminal(args: readonly string[], input: string): { readonly code: number | null; readonly output: string } {
    const line = [process.execPath, cli, ...args].join(' ');
    const { status, stdout } = spawnSync('script', ['-qec', line, '/dev/null'], {
      cwd: this.workFolder,
      env: this.env,
      encoding: 'utf8',
      input,
    });
    return { code: status, output: stdout };
  }

  ps(): {
    readonly name: string;
    readonly id: string;
    readonly state: string;
    readonly leader: { readonly pid: number };
    readonly members: readonly { readonly pid: number; readonly name: string }[];
    readonly warden: { readonly pid: number };
  }[] {
    return JSON.parse(this.call(['ps', '--json']).stdout) as ReturnType<Run['ps']>;
  }

  /** Ids of the wardens that have records here. */
  wardenIds(): string[] {
    return readdirSync(this.runtimeFolder);
  }

  /** Pids of the wardens that have records here. */
  wardenPids(): number[] {
    return this.#records().map((warden) => warden.process.pid);
  }

  /** When the first tree on record was started, in milliseconds since 1970; undefined where none is on record any more. */
  startedAt(): number | undefined {
    return this.#treeRecords()[0]?.startedAt;
  }

  /** Pids of the members that are on record. */
  recordedMembers(): ReadonlySet<number> {
    return new Set(this.#treeRecords().flatMap(({ members }) => members.map(({ pid }) => pid)));
  }

  /** Names of the trees that are on record. */
  recordedNames(): ReadonlySet<string> {
    return new Set(this.#treeRecords().map(({ name }) => name));
  }

  /** Where the wardens that have records here may have made cgroups; by their names, for a record may be broken on purpose. */
  cgroupRootPaths(): string[] {
    return listOf(this.runtimeFolder).flatMap((id) => cgroupRootPaths(`${rootPrefix}${id}`));
  }

  removeRecord(tree: string): void {
    for (const warden of this.wardenIds()) rmSync(join(this.runtimeFolder, warden, `${tree}.tree.json`), { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Those of a namespace have numbers there that are other processes' here.
    const wardens = this.#records().flatMap(({ process: { pid, startTime } }) => (startTimeOf(pid) === startTime ? pid : []));
    const homes = this.cgroupRootPaths();
    for (const pid of wardens) if (isAlive(pid)) killIfThere(pid, 'SIGTERM');
    // They tidy up behind themselves; who hangs is ended.
    await eventually('the wardens have ended', () => !wardens.some(isAlive), 5000).catch(() => undefined);
    await clearAway(this.folder);
    // Nothing else removes what a test has made unreadable on purpose.
    await removeCgroups(homes);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #treeRecords(): RecordedTree[] {
    return listOf(this.runtimeFolder).flatMap((warden) => {
      const folder = join(this.runtimeFolder, warden);
      const names = listOf(folder).filter((name) => name.endsWith('.tree.json'));
      return names.flatMap((name) => readJson<RecordedTree>(join(folder, name)) ?? []);
    });
  }

  #records(): { readonly process: { readonly pid: number; readonly startTime: number } }[] {
    return listOf(this.runtimeFolder).flatMap(
      (name) => readJson<{ process: { pid: number; startTime: number } }>(join(this.runtimeFolder, name, 'warden.json')) ?? [],
    );
  }
}

/** Removes empty cgroups; the kernel releases a cgroup a moment after its last process has ended. */
export async function removeCgroups(homes: readonly string[]): Promise<void> {
  await eventually('the cgroups are gone', () => {
    homes.forEach(removeCgroup);
    return !homes.some((home) => existsSync(home));
  });
}

function listOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // It is not there yet, or not any more.
  }
}

function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    return undefined; // Its warden has just removed it, or a test has broken it on purpose.
  }
}

/**
 * Asks again until `look` answers something; the deadline is for a hang, not for timing (`Patience`). Between two looks it waits as long as a look takes, so that
 * one at a thousand processes leaves time to the tests beside it.
 */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  deadlineMillis = 20_000,
): Promise<T> {
  const patience = new Patience(deadlineMillis);
  for (;;) {
    const begun = performance.now();
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (patience.isOver) throw new Error(`${what}: not within ${deadlineMillis} ms`);
    await sleep(Math.max(10, performance.now() - begun));
  }
}

/** Resolves when it has ended, and all that it has printed was read: that comes a moment later. Not for one that leaves its streams to others. */
export async function exitOf(child: ChildProcess): Promise<number | null> {
  const isOver = (child.exitCode ?? child.signalCode) !== null && [child.stdout, child.stderr].every((stream) => stream?.closed ?? true);
  if (!isOver) await new Promise((resolve) => child.once('close', resolve));
  return child.exitCode;
}

/** The switch is found as what it is: a child of the warden with that name. */
export function switchesOf(warden: number): number[] {
  const children = readOf(`/proc/${warden}/task/${warden}/children`).trim().split(' ').filter(Boolean).map(Number);
  return children.filter((pid) => readOf(`/proc/${pid}/cmdline`).includes('tree-warden-switch'));
}

/** A file of a process; empty where that has just ended. */
function readOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
