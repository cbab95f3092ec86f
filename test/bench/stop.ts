/** How long it takes until the last process of a tree is gone: a willing tree of 200 by a stop, one of 1,000 by a kill. */
import { readdirSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { eventually } from '../support/run.ts';
import { printTable } from '../support/table.ts';
import { TestWarden } from '../support/warden.ts';

const rounds = 7;

/** Milliseconds from the command until no `tail` of this run is alive, by this process's own look at /proc. */
async function measure(processes: number, now: boolean): Promise<number> {
  await using warden = await TestWarden.start();
  const { id } = await warden.startShell(`i=0; while [ $i -lt ${processes} ]; do tail -f "$0/idle" & i=$((i+1)); done; wait`);
  await eventually('all are up', () => tails(warden.run.workFolder) === processes, 60_000);
  const startedAt = performance.now();
  const stopping = warden.stop(id, now);
  while (tails(warden.run.workFolder) > 0) await new Promise((resolve) => setImmediate(resolve));
  const millis = performance.now() - startedAt;
  await stopping;
  return millis;
}

function tails(folder: string): number {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(`${folder}/idle`);
    } catch {
      return false;
    }
  }).length;
}

const rows: string[][] = [];
for (const [name, processes, now] of [
  ['stop of a willing tree of 200', 200, false],
  ['kill of a tree of 1,000', 1000, true],
] as const) {
  const results: number[] = [];
  for (let round = 0; round < rounds; round++) results.push(await measure(processes, now));
  results.sort((a, b) => a - b);
  rows.push([name, ...[results[0], results[Math.floor(rounds / 2)], results.at(-1)].map((millis) => (millis ?? 0).toFixed(0))]);
}
printTable('milliseconds from the command until the last one is gone', ['', 'min', 'median', 'max'], rows);
