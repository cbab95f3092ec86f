/**
 * CPU of one sample of a tree, by its size and by the size of the machine, beside others in the same run; the limit is a C program
 * that reads the same files and does nothing else. CPU is user and system, of this process and of what it spawned.
 *   npm run bench:sample [-- --quick]      the last line is the ratio to C, the geometric mean over all cells
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuUsage } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ProcessStat } from '../../src/platform/platform.ts';
import { selectPlatform } from '../../src/platform/select.ts';
import { ensurePeers, loadPeer, peersFolder } from '../support/peers.ts';
import { eventually } from '../support/run.ts';
import { printTable } from '../support/table.ts';
import { TestWarden } from '../support/warden.ts';

const quick = process.argv.includes('--quick');
const machines = quick ? [100, 1000] : [100, 1000, 5000];
const trees = quick ? [1, 10, 100] : [1, 10, 100, 1000];
const idleMillis = quick ? 5000 : 30_000;

/** User and system, of this process and of its ended children, in milliseconds: fields 14 to 17 of proc_pid_stat(5). */
function cpuWithChildren(pid: number | 'self' = 'self'): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
  return [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]) * 10, 0);
}

/** Of this process alone, to the microsecond. */
async function ownCpuOf(rounds: number, work: () => unknown): Promise<number> {
  for (let round = 0; round < Math.min(rounds, 200); round++) await work();
  const before = cpuUsage();
  for (let round = 0; round < rounds; round++) await work();
  const { user, system } = cpuUsage(before);
  return (user + system) / 1000 / rounds;
}

async function cpuOf(rounds: number, work: () => unknown): Promise<number> {
  await work();
  const before = cpuWithChildren();
  for (let round = 0; round < rounds; round++) await work();
  return (cpuWithChildren() - before) / rounds;
}

/**
 * So many processes that sleep, in a group of their own; the first of them is their parent. It ends them all when its input does, so that none
 * outlives a bench that is cut off.
 */
async function sleepers(count: number): Promise<{ readonly pid: number; [Symbol.dispose](): void }> {
  const script = `trap '' PIPE; i=1; while [ $i -lt ${count} ]; do sleep 3600 & i=$((i+1)); done; echo up; read end; kill -9 0`;
  const child = spawn('sh', ['-c', script], { detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
  const { pid } = child;
  if (pid === undefined) throw new Error('sh could not be started');
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return { pid, [Symbol.dispose]: () => process.kill(-pid, 'SIGKILL') };
}

ensurePeers();
const pidtree = (await loadPeer<{ default: (pid: number, options: { root: boolean }) => Promise<number[]> }>('pidtree')).default;
const pidusage = (await loadPeer<{ default: (pids: number[]) => Promise<object> }>('pidusage')).default;
const platform = await selectPlatform();
const folder = mkdtempSync(join(tmpdir(), 'tw-bench-'));
const inC = join(folder, 'sample');
execFileSync('cc', ['-O2', '-o', inC, fileURLToPath(new URL('sample.c', import.meta.url))]);

/** As the warden does it: who is there, and what they use. Ports have a pace of their own, and are in what a warden uses, below. */
async function sample(leader: ProcessStat): Promise<void> {
  await platform.usage(platform.descendants([leader], false));
}

async function measure(machine: number, size: number): Promise<{ cells: string[]; ratio: number; toPeers: number }> {
  using tree = await sleepers(size);
  const leader = await eventually('the tree is whole', () => {
    const stat = platform.stat(tree.pid);
    return stat && platform.descendants([stat], true).length >= size ? stat : undefined;
  });
  const rounds = Math.ceil((quick ? 3000 : 20_000) / (size + 20));
  // One after the other and again, so that a noisy moment meets both.
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let turn = 0; turn < 5; turn++) {
    ours.push(await ownCpuOf(rounds, () => sample(leader)));
    theirs.push(Number(execFileSync(inC, [String(tree.pid), String(rounds)], { encoding: 'utf8' }).split(' ')[1]));
  }
  const [own, c] = [median(ours), median(theirs)];
  const few = quick ? 2 : 4;
  const walked = await cpuOf(few, async () => pidusage(await pidtree(tree.pid, { root: true })));
  const information = cpuOfSystemInformation(few);
  const ps = await cpuOf(few, () => spawnSync('ps', ['-A', '-o', 'pid,ppid,pcpu,rss,comm']));
  return {
    cells: [
      ...[machine, size].map(String),
      ...[own.toFixed(3), c.toFixed(3), (own / c).toFixed(2)],
      ...[walked, information, ps].map((millis) => millis?.toFixed(1) ?? 'fails'),
    ],
    ratio: own / c,
    toPeers: own / Math.min(walked, information ?? walked),
  };
}

/** In a process of its own, which it ends where there are thousands of others; it answers from memory for half a second. */
function cpuOfSystemInformation(rounds: number): number | undefined {
  const script = `
    const { processes } = require(process.argv[1]);
    const ofChildren = () => {
      const fields = require('node:fs').readFileSync('/proc/self/stat', 'latin1').split(') ').at(-1).split(' ');
      return (Number(fields[13]) + Number(fields[14])) * 10;
    };
    (async () => {
      await processes();
      const [own, before] = [process.cpuUsage(), ofChildren()];
      for (let round = 0; round < ${rounds}; round++) {
        await new Promise((resolve) => setTimeout(resolve, 600));
        await processes();
      }
      const { user, system } = process.cpuUsage(own);
      console.log(((user + system) / 1000 + ofChildren() - before) / ${rounds});
    })();`;
  const { status, stdout } = spawnSync(process.execPath, ['-e', script, join(peersFolder, 'node_modules', 'systeminformation')], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return status === 0 ? Number(stdout) : undefined;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

const results: Awaited<ReturnType<typeof measure>>[] = [];
try {
  for (const machine of machines) {
    using _crowd = await sleepers(machine);
    for (const size of trees) {
      results.push(await measure(machine, size));
      console.log(results.at(-1)?.cells.join('  '));
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
await using warden = await TestWarden.start();
await warden.startShell('i=1; while [ $i -lt 10 ]; do sleep 600 & i=$((i+1)); done; wait');
await sleep(2000);
const coreShare = async (): Promise<string> => {
  const before = cpuWithChildren(warden.process.pid);
  await sleep(idleMillis);
  return `${(((cpuWithChildren(warden.process.pid) - before) / idleMillis) * 100).toFixed(2)} %`;
};
const idle = await coreShare();
await warden.client.watch(1000);
const watched = await coreShare();
printTable(
  'milliseconds of CPU for one sample of a tree',
  ['processes beside it', 'of the tree', 'Tree Warden', 'C', 'ratio to C', 'pidtree + pidusage', 'systeminformation', 'ps -A'],
  results.map(({ cells }) => cells),
);
printTable(
  `a warden with one tree of 10, over ${idleMillis / 1000} s`,
  ['', 'of a core'],
  [
    ['no client watching', idle],
    ['watched once a second', watched],
  ],
);
console.log(`worst ratio to pidtree + pidusage, or systeminformation: ${Math.max(...results.map(({ toPeers }) => toPeers)).toFixed(4)}`);
console.log(`ratio to C: ${Math.exp(results.reduce((sum, { ratio }) => sum + Math.log(ratio), 0) / results.length).toFixed(2)}`);
