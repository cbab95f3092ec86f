/** A disk that is full, or becomes so, or becomes read-only, under each folder that is written to. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type TestContext, test } from 'node:test';
import { connectToWarden } from '../../src/client/wardenClient.ts';
import { socketPath } from '../../src/records/records.ts';
import { eventually, exitOf, Run, switchesOf } from '../support/run.ts';
import { isAlive, survivorsAfterLooking, survivorsOf } from '../support/survivors.ts';

const skip = process.getuid?.() !== 0 && 'only root can mount a small disk';
const diskBytes = 512 * 1024;

/** A disk of its own below a folder of the run. */
class SmallDisk implements Disposable {
  readonly folder: string;
  #filler: number | undefined;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    mount('-t', 'tmpfs', '-o', `size=${diskBytes},mode=700`, 'tmpfs', folder);
  }

  /** With a file that has no name, so that the folder holds nothing that is not ours. */
  fill(): void {
    const file = join(this.folder, 'filler');
    const fd = openSync(file, 'w');
    unlinkSync(file);
    this.#filler = fd;
    for (const size of [64 * 1024, 4096]) {
      try {
        for (;;) writeSync(fd, Buffer.alloc(size));
      } catch {
        // It is full now, but for less than this.
      }
    }
    assert.equal(statfsSync(this.folder).bavail, 0);
  }

  /** Only while no file on it is open for writing: mount(8). */
  makeReadOnly(): void {
    mount('-o', 'remount,ro', this.folder);
  }

  [Symbol.dispose](): void {
    if (this.#filler !== undefined) closeSync(this.#filler);
    spawnSync('umount', ['--lazy', this.folder]);
  }
}

function mount(...args: string[]): void {
  const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

const stateOf = (run: Run): string => join(run.folder, 'state');

test('a full disk below the logs costs the logs, not the command', { skip }, async () => {
  await using run = new Run();
  using disk = new SmallDisk(stateOf(run));
  disk.fill();
  const { code, stdout, stderr } = run.call(['run', '--', 'sh', '-c', 'echo out; exit 7']);
  assert.equal(code, 7);
  assert.equal(stdout, 'out\n');
  assert.match(stderr, /journal .*cannot be written.*ENOSPC/);
});

test('a full disk below the runs costs the runs that come then, not the command and not those that were kept', { skip }, async () => {
  await using run = new Run();
  mkdirSync(join(run.workFolder, '.vscode'));
  writeFileSync(
    join(run.workFolder, '.vscode', 'processes.json'),
    JSON.stringify({ processes: { job: { command: 'printf %0390d 0; exit 7' } } }),
  );
  const states = (): string[] => (JSON.parse(run.call(['runs', 'job', '--json']).stdout) as { state: string }[]).map(({ state }) => state);
  using disk = new SmallDisk(join(stateOf(run), 'tree-warden', 'runs'));
  run.call(['up']);
  disk.fill();
  for (let count = 0; count < 10; count++) assert.equal(run.call(['up']).code, 7);
  assert.ok(run.journal().some(({ event, reason }) => event === 'observer-failed' && /runs of processes.*ENOSPC/.test(String(reason))));
  // What still fitted into the last page of the file is there as well; what was torn is known to have begun, or is not there.
  const kept = states();
  assert.equal(kept.at(-1), 'failed');
  assert.ok(kept.length < 11, `${kept.length} runs`);
});

for (const [name, prepare, code] of [
  ['full', (disk: SmallDisk) => disk.fill(), 'ENOSPC'],
  ['read-only', (disk: SmallDisk) => disk.makeReadOnly(), 'EROFS'],
] as const) {
  test(`a ${name} disk below the records is a reason not to start, which names the folder`, { skip }, async () => {
    await using run = new Run();
    using disk = new SmallDisk(join(run.folder, 'disk'));
    prepare(disk);
    const folder = join(disk.folder, 'runtime');
    const { code: status, stderr } = run.call(['run', '--', 'sh', '-c', 'echo out'], { env: { TREE_WARDEN_RUNTIME_DIR: folder } });
    assert.equal(status, 125);
    assert.match(stderr, new RegExp(`${folder}.*${code}`));
  });
}

/** A tree that goes on multiplying when the disk is full: its new members are on no record. */
const growing = [
  'sh',
  '-c',
  `while [ ! -e "$0/full" ]; do sleep 0.02; done; for n in 1 2 3 4 5; do env -i setsid tail -f "$0/idle" & done; env -i setsid tail -f "$0/idle"`,
];
/** Its processes then: the shell, and six that it has started. */
const grown = 7;

for (const strike of [
  'SIGTERM of the owner',
  'SIGKILL of the owner',
  'SIGKILL of owner and warden',
  'SIGKILL of all three, then a sweep',
] as const) {
  test(`${strike} when the disk of logs and records has become full`, { skip }, async (t) => {
    await using run = new Run();
    using state = new SmallDisk(stateOf(run));
    using records = new SmallDisk(run.runtimeFolder);
    const owner = run.start(['run', '--grace', '300ms', '--', ...growing, run.workFolder]);
    const [warden = 0] = await eventually('the tree is on record', () => (run.startedAt() === undefined ? undefined : run.wardenPids()));
    state.fill();
    records.fill();
    writeFileSync(join(run.workFolder, 'full'), '');
    await eventually('the tree has grown', () => survivorsOf(run.workFolder, new Set([owner.pid, warden])).length >= grown);
    const begun = performance.now();
    if (strike === 'SIGTERM of the owner') owner.kill('SIGTERM');
    else {
      const switches = strike === 'SIGKILL of all three, then a sweep' ? switchesOf(warden) : [];
      for (const pid of [owner.pid, ...(strike === 'SIGKILL of the owner' ? [] : [warden]), ...switches]) process.kill(pid, 'SIGKILL');
    }
    if (strike === 'SIGKILL of all three, then a sweep') {
      await eventually('they are dead', () => !isAlive(owner.pid) && !isAlive(warden));
      run.call(['sweep']);
    }
    await goneOf(run, new Set([owner.pid, warden]), begun, t);
    await eventually('owner and warden have ended', () => !isAlive(owner.pid) && !isAlive(warden));
  });
}

test('a flood that fills the disk goes on, is told of once, and ends as any other', { skip }, async (t) => {
  await using run = new Run();
  using state = new SmallDisk(stateOf(run));
  writeFileSync(join(run.workFolder, 'flood.sh'), `head -c 4000000 /dev/zero | tr '\\0' x; echo; touch "$1/done"; exec sleep 600`);
  mkdirSync(join(run.workFolder, '.vscode'));
  writeFileSync(
    join(run.workFolder, '.vscode', 'processes.json'),
    JSON.stringify({ processes: { flood: { command: ['sh', 'flood.sh', run.workFolder], pty: false } } }),
  );
  const owner = run.start(['up']);
  let said = '';
  owner.stderr?.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const [warden = 0] = await eventually('the warden is there', () => (run.wardenPids().length > 0 ? run.wardenPids() : undefined));
  await eventually('it has printed all', () => existsSync(join(run.workFolder, 'done')));
  // Of the journal, on the same disk, it may be told before.
  await eventually('it is told', () => /^.*The log of .*ENOSPC.*\n/m.test(said));
  const rss = Number(readFileSync(`/proc/${warden}/status`, 'latin1').match(/VmRSS:\s+(\d+)/)?.[1]) / 1024;
  t.diagnostic(`warden at ${Math.round(rss)} MB`);
  assert.equal(said.split('The log of').length, 2, said);
  const begun = performance.now();
  process.kill(owner.pid, 'SIGKILL');
  await goneOf(run, new Set([owner.pid, warden]), begun, t);
  assert.ok(state.folder);
});

test('records that are removed under a warden cost nothing but the records', { skip: false }, async (t) => {
  await using run = new Run();
  const owner = run.start(['run', '--grace', '300ms', '--', ...growing, run.workFolder]);
  const [warden = 0] = await eventually('the tree is on record', () => (run.startedAt() === undefined ? undefined : run.wardenPids()));
  const [folder = ''] = readdirSync(run.runtimeFolder);
  const client = await connectToWarden(socketPath(join(run.runtimeFolder, folder)), 'test');
  // In one step: the warden may be writing a record meanwhile, and a folder that has one again is not removed.
  renameSync(run.runtimeFolder, join(run.folder, 'removed'));
  rmSync(join(run.folder, 'removed'), { recursive: true });
  writeFileSync(join(run.workFolder, 'full'), '');
  // Where no cgroup holds them, and no record is left to find them by, the switch has to have been told.
  await eventually('the tree has grown, and the warden knows', async () => ((await client.list())[0]?.members.length ?? 0) >= grown);
  client.dispose();
  const begun = performance.now();
  process.kill(owner.pid, 'SIGKILL');
  process.kill(warden, 'SIGKILL');
  await goneOf(run, new Set([owner.pid, warden]), begun, t);
  await exitOf(owner);
});

async function goneOf(run: Run, own: ReadonlySet<number>, begun: number, t: TestContext): Promise<void> {
  await eventually(
    'nothing of the tree is alive',
    async () => survivorsOf(run.workFolder, own).length === 0 && (await survivorsAfterLooking(run.workFolder, own)).length === 0,
    15_000,
  );
  t.diagnostic(`gone after ${Math.round(performance.now() - begun)} ms`);
}
