/**
 * CPU of one sample of a tree of 10 on a machine with 1,000 processes, beside `pidtree` + `pidusage` in the same run, and
 * what an idle warden uses while nobody watches. CPU is user and system of this process and of what it spawned.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { selectPlatform } from '../../src/platform/select.ts';
import { ensurePeers, loadPeer } from '../support/peers.ts';
import { eventually } from '../support/run.ts';
import { printTable } from '../support/table.ts';
import { TestWarden } from '../support/warden.ts';

const machineProcesses = 1000;
const treeProcesses = 10;
const intervalMillis = 30_000;

/** CPU of this process and of its ended children, in milliseconds: fields 14 to 17 of /proc/self/stat. */
function cpuMillis(pid: number | 'self' = 'self'): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
  return [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]) * 10, 0);
}

async function cpuOf(rounds: number, work: () => unknown): Promise<number> {
  await work();
  const before = cpuMillis();
  for (let round = 0; round < rounds; round++) await work();
  return (cpuMillis() - before) / rounds;
}

ensurePeers();
const pidtree = (await loadPeer<{ default: (pid: number, options: { root: boolean }) => Promise<number[]> }>('pidtree')).default;
const pidusage = (await loadPeer<{ default: (pids: number[]) => Promise<object> }>('pidusage')).default;
const platform = await selectPlatform();

const crowd = spawn('sh', ['-c', `i=0; while [ $i -lt ${machineProcesses} ]; do sleep 600 & i=$((i+1)); done; echo up; wait`], {
  detached: true,
  stdio: ['ignore', 'pipe', 'ignore'],
});
const tree = spawn('sh', ['-c', `i=1; while [ $i -lt ${treeProcesses} ]; do sleep 600 & i=$((i+1)); done; echo up; wait`], {
  detached: true,
  stdio: ['ignore', 'pipe', 'ignore'],
});
try {
  const { pid } = tree;
  if (pid === undefined) throw new Error('the tree could not be started');
  await Promise.all([crowd, tree].map((child) => new Promise((resolve) => child.stdout.once('data', resolve))));
  const leader = await eventually('the tree is whole', () => {
    const stat = platform.stat(pid);
    return stat && platform.descendants([stat], true).length === treeProcesses ? stat : undefined;
  });
  const ours = await cpuOf(3000, () => platform.usage(platform.descendants([leader], false)));
  const peers = await cpuOf(30, async () => pidusage(await pidtree(pid, { root: true })));

  await using warden = await TestWarden.start();
  await warden.startShell(`i=1; while [ $i -lt ${treeProcesses} ]; do sleep 600 & i=$((i+1)); done; wait`);
  await sleep(2000);
  const coreShare = async (): Promise<string> => {
    const before = cpuMillis(warden.process.pid);
    await sleep(intervalMillis);
    return `${(((cpuMillis(warden.process.pid) - before) / intervalMillis) * 100).toFixed(2)} %`;
  };
  const idle = await coreShare();
  await warden.client.watch(1000);
  const watched = await coreShare();

  printTable(
    `CPU per sample of a tree of ${treeProcesses} on a machine with ${machineProcesses} more`,
    ['', 'milliseconds'],
    [
      ['Tree Warden', ours.toFixed(3)],
      ['pidtree + pidusage', peers.toFixed(1)],
    ],
  );
  printTable(
    `a warden with one tree of ${treeProcesses}, over ${intervalMillis / 1000} s`,
    ['', 'of a core'],
    [
      ['nobody watching', idle],
      ['watched once a second', watched],
    ],
  );
  console.log(`ratio to pidtree + pidusage: ${(ours / peers).toFixed(4)}`);
} finally {
  for (const child of [crowd, tree]) if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
}
