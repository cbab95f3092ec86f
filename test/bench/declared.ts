/**
 * Many declared processes: how long it takes to start a hundred, against child_process.spawn of the same commands, and to declare a file of five hundred
 * entries anew. In turns, so that both meet the same machine; medians.
 *   node test/bench/declared.ts [ROUNDS]      default: 7
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { declarationOf } from '../../src/config/declarations.ts';
import { parseProcesses } from '../../src/config/parseProcesses.ts';
import type { ProcessDeclaration } from '../../src/protocol/declare.ts';
import { printTable } from '../support/table.ts';
import { TestWarden } from '../support/warden.ts';

const [, , rounds = '7'] = process.argv;
const started = 100;
const declared = 500;
const command = ['/bin/sleep', '1000'] as const;
const usual = { pty: true, containment: 'auto' } as const;

function textOf(count: number, { pty, containment, env = '' }: { pty: boolean; containment: string; env?: string }): string {
  const entries = Array.from({ length: count }, (_, index) => [`p${index}`, { command, pty, containment, env: { N: env } }]);
  return JSON.stringify({ processes: Object.fromEntries(entries) }, undefined, 2);
}

async function declarationsOf(text: string, workspaceFolder: string): Promise<ProcessDeclaration[]> {
  const { specs } = parseProcesses(text);
  const context = { workspaceFolder, env: process.env, portName: (name: string) => name };
  return await Promise.all(Array.from(specs, ([name, spec]) => declarationOf(name, spec, context)));
}

async function spawnBare(): Promise<number> {
  const begin = performance.now();
  const children = Array.from({ length: started }, () =>
    spawn(command[0], [command[1]], { stdio: ['ignore', 'pipe', 'pipe'], detached: true }),
  );
  await Promise.all(children.map((child) => once(child, 'spawn')));
  const millis = performance.now() - begin;
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(children.map((child) => child.exitCode === null && child.signalCode === null && once(child, 'exit')));
  return millis;
}

/** Until the last of them is ready. */
async function startDeclared(pty: boolean, containment: string): Promise<number> {
  await using warden = await TestWarden.start();
  const { names } = warden.client;
  await names.declare({ origin: '/w', processes: await declarationsOf(textOf(started, { pty, containment }), warden.run.workFolder) });
  const begin = performance.now();
  const answers = await Promise.all(Array.from({ length: started }, (_, index) => names.start({ name: `p${index}` })));
  const millis = performance.now() - begin;
  const trees = answers.flatMap((answer) => answer.trees);
  if (trees.length !== started || trees.some(({ state }) => state !== 'ready')) throw new Error('not all of them run');
  return millis;
}

async function reload(): Promise<{ readonly read: number; readonly told: number }> {
  await using warden = await TestWarden.start();
  const { names } = warden.client;
  await names.declare({
    origin: '/w',
    processes: await declarationsOf(textOf(declared, { ...usual, env: 'before' }), warden.run.workFolder),
  });
  const begin = performance.now();
  const processes = await declarationsOf(textOf(declared, { ...usual, env: 'after' }), warden.run.workFolder);
  const read = performance.now();
  await names.declare({ origin: '/w', processes });
  return { read: read - begin, told: performance.now() - read };
}

const kinds = {
  'child_process.spawn': spawnBare,
  'pipes, process group': () => startDeclared(false, 'group'),
  'terminal, process group': () => startDeclared(true, 'group'),
  'pipes, default': () => startDeclared(false, 'auto'),
  'terminal, default': () => startDeclared(true, 'auto'),
};
const times: Record<string, number[]> = {};
const reloads = { read: [] as number[], told: [] as number[] };
for (let round = 0; round < Number(rounds); round++) {
  for (const [kind, run] of Object.entries(kinds)) {
    times[kind] ??= [];
    times[kind].push(await run());
  }
  const { read, told } = await reload();
  reloads.read.push(read);
  reloads.told.push(told);
}
const medians = Object.entries(times).map(([kind, all]): [string, number] => [kind, median(all)]);
const [, bare] = medians[0] ?? ['', 1];
printTable(
  `until ${started} processes have started (median of ${rounds})`,
  ['', 'ms', 'ratio'],
  medians.map(([kind, millis]) => [kind, millis.toFixed(0), (millis / bare).toFixed(1)]),
);
const [read, told] = [median(reloads.read), median(reloads.told)];
printTable(
  `milliseconds for a file of ${declared} entries that has changed in each of them (median of ${rounds})`,
  ['read and resolved', 'declared to the warden', 'together'],
  [[read.toFixed(0), told.toFixed(0), (read + told).toFixed(0)]],
);

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
