/** What a search for processes left behind costs, with a thousand foreign processes on the machine: its CPU time, Node's own start included. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../src/build/paths.ts';
import type { LeftBehindReport } from '../../src/protocol/leftBehind.ts';
import { eventually } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';
import { printTable } from '../support/table.ts';

const rounds = 20;
const foreignCount = 1000;
const script = join(root, 'dist', 'leftBehind.js');
const folder = mkdtempSync(join(tmpdir(), 'tw-left-'));

/** Orphans of this user, each in a session of its own, which is what is looked at most closely; in another folder. */
function plant(count: number, cwd: string): number[] {
  const code = `const { spawn } = require('node:child_process');
    for (let index = 0; index < ${count}; index++) { const child = spawn('sleep', ['3600'], { detached: true, stdio: 'ignore' }); console.log(child.pid); child.unref(); }`;
  return execFileSync(process.execPath, ['-e', code], { cwd, encoding: 'utf8' }).trim().split('\n').map(Number);
}

/** The children of a program that is alive, which ends them when its input does. */
async function startFamily(count: number): Promise<{ readonly end: () => Promise<unknown> }> {
  const script = `i=0; while [ $i -lt ${count} ]; do sleep 3600 & i=$((i+1)); done; echo up; read end; kill -9 0`;
  const parent = spawn('sh', ['-c', script], { detached: true, stdio: ['pipe', 'pipe', 'ignore'], cwd: tmpdir() });
  await new Promise((resolve) => parent.stdout.once('data', resolve));
  return {
    end: () => {
      parent.stdin.end();
      return new Promise((resolve) => parent.once('exit', resolve));
    },
  };
}

interface Cost {
  readonly cpuMillis: number;
  readonly wallMillis: number;
  readonly found: number;
}

/** By the kernel's count of what a child that was waited for has used. */
async function measure(args: readonly string[]): Promise<Cost> {
  const before = childrenCpuMillis();
  const begun = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk;
  });
  await new Promise((resolve) => child.once('close', resolve));
  const wallMillis = performance.now() - begun;
  const report = printed.trim() === '' ? undefined : (JSON.parse(printed) as LeftBehindReport);
  return { cpuMillis: childrenCpuMillis() - before, wallMillis, found: report?.found.length ?? 0 };
}

/** cutime and cstime of proc_pid_stat(5), in steps of ten milliseconds. */
function childrenCpuMillis(): number {
  const fields = readFileSync('/proc/self/stat', 'latin1').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

async function mean(args: readonly string[]): Promise<Cost> {
  const costs: Cost[] = [];
  for (let round = 0; round < rounds; round++) costs.push(await measure(args));
  const of = (key: keyof Cost): number => costs.reduce((sum, cost) => sum + cost[key], 0) / rounds;
  return { cpuMillis: of('cpuMillis'), wallMillis: of('wallMillis'), found: of('found') };
}

const planted: number[] = [];
try {
  const find = [script, 'find', folder];
  const rows: (readonly [string, Cost])[] = [
    ['node -e 0', await mean(['-e', '0'])],
    ['a search on the machine as it is', await mean(find)],
  ];
  const family = await startFamily(foreignCount);
  rows.push([`with ${foreignCount} processes below another program`, await mean(find)]);
  await family.end();
  planted.push(...plant(foreignCount, tmpdir()));
  rows.push([`with ${foreignCount} orphans of other folders`, await mean(find)]);
  planted.push(...plant(3, folder));
  rows.push(['and three in the workspace', await mean(find)]);
  rows.push(['and a wanted port', await mean([script, 'find', '--port', '1', folder])]);
  printTable(
    `a search for processes left behind, mean of ${rounds}`,
    ['', 'CPU', 'wall', 'found'],
    rows.map(([what, { cpuMillis, wallMillis, found }]) => [
      what,
      `${cpuMillis.toFixed(0)} ms`,
      `${wallMillis.toFixed(0)} ms`,
      String(found),
    ]),
  );
} finally {
  for (const pid of planted) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  await eventually('they have ended', () => !planted.some(isAlive));
  rmSync(folder, { recursive: true });
}
