/** What is shown, against what the kernel counts itself, over a minute of a load that is known. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TreeSnapshot } from '../../src/protocol/snapshot.ts';
import type { Containment } from '../../src/protocol/startRequest.ts';
import { offersHere } from '../support/containments.ts';
import { TestWarden } from '../support/warden.ts';

const load = fileURLToPath(new URL('../fixtures/load.py', import.meta.url));
const seconds = 60;
const megabyte = 2 ** 20;
/** proc_pid_stat(5) calls its resident size inaccurate: each processor keeps a batch of pages to itself (percpu_counter_batch of the kernel). */
const uncounted = cpus().length * Math.max(32, 2 * cpus().length) * 4096;

/** In seconds, of a process and of all children that it has waited for: fields 14 to 17 of proc_pid_stat(5). */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
  return [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0) / 100;
}

function kilobytes(pid: number, file: string, field: string): number {
  return Number(readFileSync(`/proc/${pid}/${file}`, 'latin1').match(new RegExp(`^${field}: +(\\d+) kB`, 'm'))?.[1]);
}

function near(actual: number, expected: number, within: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= within, `${what}: ${actual} shown, ${expected} counted, ${within} allowed`);
}

/** Each look tells of the time since the one before: on a busy machine, some come late. */
function meanOf(looks: readonly (TreeSnapshot & { readonly at: number })[]): number {
  const spans = looks.slice(1).map(({ at, cpuPercent }, index) => ({ cpuPercent, millis: at - (looks[index]?.at ?? at) }));
  return spans.reduce((sum, { cpuPercent, millis }) => sum + cpuPercent * millis, 0) / spans.reduce((sum, { millis }) => sum + millis, 0);
}

/** Percent of a core over the interval, of each of these without their children, as top(1) says. */
async function top(pids: readonly number[]): Promise<(number | undefined)[]> {
  const { stdout } = await promisify(execFile)('top', ['-b', '-n', '2', '-d', String(seconds), '-w', '200', '-p', pids.join(',')], {
    env: { ...process.env, LC_ALL: 'C', HOME: '/nonexistent' },
  });
  const second = stdout.slice(stdout.lastIndexOf(' PID '));
  return pids.map((pid) =>
    Number(
      second
        .match(new RegExp(`^ *${pid} .*$`, 'm'))?.[0]
        .trim()
        .split(/\s+/)[8],
    ),
  );
}

async function startLoad(warden: TestWarden, name: string, load4: readonly number[], containment: Containment): Promise<TreeSnapshot> {
  const request = warden.request(['python3', load, ...load4.map(String)], { name, containment });
  const { id } = await warden.client.start(request);
  await warden.output(id, (text) => text.includes('ready'));
  return await warden.tree(id);
}

describe('statistics', () => {
  it('are those of the kernel: CPU with what came and went, and memory', async () => {
    await using warden = await TestWarden.start();
    const containments = offersHere().flatMap(({ containment, available }) =>
      available && containment !== 'namespace' ? containment : [],
    );
    const loads = containments.flatMap((containment) => [
      { name: `steady in a ${containment}`, containment, load: [30, 64, 64, 0] },
      { name: `short-lived in a ${containment}`, containment, load: [0, 1, 0, 10] },
    ]);
    const trees = await Promise.all(loads.map(({ name, load, containment }) => startLoad(warden, name, load, containment)));
    const leaders = trees.map(({ leader }) => leader?.pid ?? 0);
    const shown = trees.map(() => [] as (TreeSnapshot & { readonly at: number })[]);
    warden.client.onTrees((snapshots) => {
      const at = performance.now();
      for (const [index, { id }] of trees.entries()) for (const tree of snapshots) if (tree.id === id) shown[index]?.push({ ...tree, at });
    });
    await warden.client.watch(1000);
    // From here on, both count.
    await sleep(1200);
    for (const looks of shown) looks.length = 0;
    const before = leaders.map(cpuSeconds);
    const began = performance.now();
    const byTop = top(leaders);
    await sleep(seconds * 1000);
    const counted = leaders.map((pid, index) => ((cpuSeconds(pid) - (before[index] ?? 0)) / ((performance.now() - began) / 1000)) * 100);
    const seenByTop = await byTop;
    for (const [index, { name }] of loads.entries()) {
      const looks = shown[index] ?? [];
      const mean = meanOf(looks);
      console.log(
        `${name}: ${mean.toFixed(2)} % shown, ${counted[index]?.toFixed(2)} % counted by the kernel, ${seenByTop[index]} % by top (without children)`,
      );
      near(mean, counted[index] ?? 0, 2, `CPU of ${name}`);
      if (name.startsWith('steady')) near(mean, seenByTop[index] ?? 0, 2, `CPU of ${name} beside top`);
      const members = looks.at(-1)?.members ?? [];
      for (const { pid, memoryBytes } of members.filter((member) => leaders.includes(member.pid))) {
        const resident = kilobytes(pid, 'smaps_rollup', 'Rss') * 1024;
        near(memoryBytes, resident, 0.02 * resident + uncounted, `memory of ${name}`);
      }
    }
    // Two who share 64 MB: once each in what is resident, once in all where it is shared out.
    const [steady] = trees;
    if (!steady) throw new Error('nothing was started');
    const { memoryBytes, members } = await warden.tree(steady.id);
    const { pssBytes = 0, openFiles = 0 } = await warden.client.details(steady.id);
    const pss = members.reduce((sum, { pid }) => sum + kilobytes(pid, 'smaps_rollup', 'Pss') * 1024, 0);
    near(pssBytes, pss, 0.02 * pss, 'proportional memory');
    near(memoryBytes - pssBytes, 64 * megabyte, 20 * megabyte, 'what is shared');
    assert.ok(openFiles >= 6, `${openFiles} open files`);
    console.log(`${(memoryBytes / megabyte).toFixed(1)} MB resident, ${(pssBytes / megabyte).toFixed(1)} MB shared out`);
  });

  it('count what goes to storage and comes from there', async () => {
    await using warden = await TestWarden.start();
    const file = join(warden.run.folder, 'written');
    // Twenty megabytes, four a second, by children that end at once.
    const script = `sleep 1; for i in 1 2 3 4 5; do dd if=/dev/zero of=${file}.$i bs=1M count=4 conv=fsync 2>/dev/null; sleep 1; done; echo done; sleep 60`;
    const { id } = await warden.startShell(script);
    let written = 0;
    let last = performance.now();
    warden.client.onTrees((snapshots) => {
      const now = performance.now();
      written += ((snapshots.find((tree) => tree.id === id)?.writeRate ?? 0) * (now - last)) / 1000;
      last = now;
    });
    await warden.client.watch(500);
    await warden.output(id, (text) => text.includes('done'));
    await sleep(2600);
    const { leader } = await warden.tree(id);
    const counted = Number(readFileSync(`/proc/${leader?.pid}/io`, 'latin1').match(/^write_bytes: (\d+)$/m)?.[1]);
    near(written, counted, 0.1 * counted + megabyte, 'bytes written');
    console.log(`${(written / megabyte).toFixed(1)} MB shown, ${(counted / megabyte).toFixed(1)} MB counted by the kernel`);
  });
});
