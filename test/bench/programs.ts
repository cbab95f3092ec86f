/**
 * The same job as a program with Tree Warden's library and with execa (test/fixtures/comparison): what is left of it when the program ends,
 * throws, or is killed. Both are asked to end descendants.
 *   node test/bench/programs.ts
 */
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { root } from '../../src/build/paths.ts';
import { NamedPorts } from '../../src/loopback/namedPorts.ts';
import { ensurePeers, peersFolder } from '../support/peers.ts';
import { eventually, Run } from '../support/run.ts';
import { clearAway, survivorsAfterLooking } from '../support/survivors.ts';
import { printTable } from '../support/table.ts';

const fixtures = fileURLToPath(new URL('../fixtures/comparison', import.meta.url));
const helpers = ['devServer.mjs', 'slow.mjs', 'build.mjs'];
const programs = { 'Tree Warden': 'withTreeWarden.mjs', execa: 'withExeca.mjs' } as const;
/** How the program ends, and what it is told for that. */
const ends = { 'ends normally': 'end', throws: 'throw', SIGTERM: 'wait', SIGKILL: 'wait' } as const;
/** Time after the end of the program at which is counted, in milliseconds: both give a process five seconds before they kill it. */
const countMillis = 7000;

interface Outcome {
  readonly said: string;
  /** Command lines of what is left. */
  readonly left: readonly string[];
}

async function outcomeOf(program: string, end: keyof typeof ends): Promise<Outcome> {
  await using run = new Run({ PORT: String(await new NamedPorts().portFor('server')) });
  const packages = join(run.workFolder, 'node_modules');
  mkdirSync(packages);
  symlinkSync(root, join(packages, 'tree-warden'));
  symlinkSync(join(peersFolder, 'node_modules', 'execa'), join(packages, 'execa'));
  for (const name of [...helpers, program]) copyFileSync(join(fixtures, name), join(run.workFolder, name));
  const child = run.spawn(process.execPath, [program, ends[end]]);
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    said += String(chunk);
  });
  await eventually('it is at work', () => said.includes('at work') || child.exitCode !== null, 60_000);
  if (end === 'SIGTERM' || end === 'SIGKILL') child.kill(end);
  // What it leaves may keep its streams.
  if ((child.exitCode ?? child.signalCode) === null) await once(child, 'exit');
  await sleep(countMillis);
  const left = (await survivorsAfterLooking(run.folder)).map(({ command }) => command.replaceAll('\0', ' ').trim());
  await clearAway(run.folder);
  return { said, left };
}

ensurePeers();
const rows: string[][] = [];
for (const [name, file] of Object.entries(programs)) {
  const lines = readFileSync(join(fixtures, file), 'utf8').trimEnd().split('\n').length;
  const counts: string[] = [];
  for (const end of Object.keys(ends) as (keyof typeof ends)[]) {
    const { said, left } = await outcomeOf(file, end);
    console.log(`${name}, ${end}: ${said.trim().replaceAll('\n', ' | ')} | left: ${left.join(', ') || 'nothing'}`);
    counts.push(String(left.length));
  }
  rows.push([name, String(lines), ...counts]);
}
printTable('processes left, of a server with two children and of an aborted command with one', ['', 'lines', ...Object.keys(ends)], rows);
