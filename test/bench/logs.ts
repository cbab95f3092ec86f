/**
 * A long log: how fast it is written with the times of its lines beside it, against `| cat > file`, and how fast it is searched, against `grep -c`.
 *   node test/bench/logs.ts [BYTES]      default: 1 GB
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createWriteStream, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { cli, eventually } from '../support/run.ts';
import { printTable } from '../support/table.ts';
import { TestWarden } from '../support/warden.ts';

const wanted = Number(process.argv[2] ?? 1e9);
const rounds = 3;
/** What is plain, what has a class and an end, and what can only be tried line by line. */
const patterns = ['request 777777 ', 'took 99[0-9] ms$', 'worker 3 (?!finished)'];

await using warden = await TestWarden.start();
const { run } = warden;
const source = join(run.workFolder, 'source');
await pipeline(linesOf(wanted), createWriteStream(source));
const bytes = statSync(source).size;
const megabytes = (millis: number): string => `${(bytes / 1e3 / millis).toFixed(0)} MB/s`;

const writes: { readonly piped: number; readonly kept: number }[] = [];
let log = '';
for (let round = 0; round < rounds; round++) {
  const piped = timed(() => execFileSync('sh', ['-c', `cat '${source}' | cat > '${join(run.workFolder, 'copy')}'`]));
  const begun = performance.now();
  const tree = await warden.startShell(`exec cat '${source}'`, { name: `big${round}`, log: { maxBytes: 8e9, maxFiles: 1 } });
  log = (await warden.client.outputLog(tree.id))?.path ?? '';
  await eventually('all of it is in the log', () => statSync(log, { throwIfNoEntry: false })?.size === bytes, 600_000);
  writes.push({ piped, kept: performance.now() - begun });
}
const highest = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${warden.process.pid}/status`, 'utf8'))?.[1];
printTable(
  `writing ${(bytes / 1e9).toFixed(2)} GB`,
  ['| cat > file', 'log with times', 'ratio'],
  writes.map(({ piped, kept }) => [megabytes(piped), megabytes(kept), (piped / kept).toFixed(2)]),
);
console.log(
  `The warden had ${(Number(highest) / 1024).toFixed(0)} MB of memory at most; the times take ${(statSync(`${log}.times`).size / 1e3).toFixed(0)} kB.`,
);

const rows = patterns.map((pattern) => {
  const name = `big${rounds - 1}`;
  let [found, expected] = ['', ''];
  const ours = timed(() => {
    found = spawnSync(process.execPath, [cli, 'logs', name, '--grep', pattern], {
      env: run.env,
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
    }).stdout;
  });
  const grep = timed(() => {
    expected = spawnSync('grep', ['-c', '-P', pattern, log], { encoding: 'utf8' }).stdout.trim();
  });
  return [
    `\`${pattern}\``,
    expected,
    String(found.split('\n').length - 1),
    (ours / 1000).toFixed(2),
    (grep / 1000).toFixed(2),
    (ours / grep).toFixed(1),
  ];
});
printTable('searching it', ['pattern', 'lines', 'found', '`logs --grep`, s', '`grep -c -P`, s', 'ratio'], rows);
process.exitCode = rows.every(([, expected, found]) => expected === found) ? 0 : 1;

function timed(work: () => unknown): number {
  const from = performance.now();
  work();
  return performance.now() - from;
}

function* linesOf(total: number): Generator<string, void, void> {
  let block: string[] = [];
  let length = 0;
  for (let number = 0; length < total; number++) {
    const line = `2026-11-30T07:00:00Z INFO request ${number} of worker ${number % 8} finished, took ${(number * 7919) % 1000} ms\n`;
    block.push(line);
    length += line.length;
    if (block.length < 10_000) continue;
    yield block.join('');
    block = [];
  }
  yield block.join('');
}
