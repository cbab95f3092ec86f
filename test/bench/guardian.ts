/**
 * Whether the guardian stays quick while everything is on: its gateway at full load, a log probe with a pattern on a flood of output, many members
 * that are sampled every 100 ms. First how late its event loop is, and the time that a small request to it takes, beside the same of a warden with
 * nothing to do; then the time from the owner's SIGKILL to the first step of the escalation that ends its tree, as the journal has it, and how much
 * of that it takes the kernel to end the owner: its pipes are open until then.
 *   npm run bench:guardian [-- --rounds N --members N --seconds N]
 */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { newToken } from '../../src/loopback/token.ts';
import type { StartRequest } from '../../src/protocol/startRequest.ts';
import type { LoopDelays } from '../fixtures/measuredWarden.ts';
import { openWindow } from '../support/deaths.ts';
import { fakeModel } from '../support/models.ts';
import { eventually, Run } from '../support/run.ts';
import { printTable } from '../support/table.ts';
import { TestWarden } from '../support/warden.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    members: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '15' },
  },
});
const members = Number(values.members);
const seconds = Number(values.seconds);
const connections = 32;
const floodBytes = 2 ** 30;
const sampleMillis = 100;
const betweenMillis = 5;
const script = fileURLToPath(new URL('../fixtures/measuredWarden.ts', import.meta.url));

/** Members that sleep, and a flood in which the pattern of its probe is looked for and never found. */
function busyTree(warden: TestWarden): StartRequest {
  const commands = `i=0; while [ $i -lt ${members} ]; do sleep 3600 & i=$((i+1)); done; echo up; yes 'a line that has no port 80' | head -c ${floodBytes}; wait`;
  const check = { by: 'log', pattern: '^listening on .*:([0-9]+)$' } as const;
  const ready = { check, delayMillis: 0, timeoutMillis: 1000, failureThreshold: 3, successThreshold: 1, deadlineMillis: 3_600_000 };
  return warden.request(['/bin/sh', '-c', commands], { name: 'busy', ready });
}

/** Requests to the gateway, until `ended` is called. */
function fire(url: string, token: string): { stop(): void } {
  return autocannon(
    {
      url: `${url}/v1/embeddings`,
      method: 'POST',
      connections,
      duration: 3600,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'one', input: 'hello' }),
    },
    () => undefined,
  );
}

/** Milliseconds of small requests to each warden in turn. */
async function roundTrips(wardens: readonly TestWarden[]): Promise<number[][]> {
  const found: number[][] = wardens.map(() => []);
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    for (const [index, { client }] of wardens.entries()) {
      const askedAt = performance.now();
      await client.gateway();
      found[index]?.push(performance.now() - askedAt);
    }
    await sleep(betweenMillis);
  }
  return found;
}

function cellsOf(millis: readonly number[]): string[] {
  const sorted = [...millis].sort((a, b) => a - b);
  const at = (part: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN).toFixed(1);
  return [String(sorted.length), at(0.5), at(0.99), at(1)];
}

/** How late a warden's event loop was since this was asked last. */
async function loopDelays({ run, process: { pid } }: TestWarden): Promise<LoopDelays> {
  const file = join(run.folder, 'state', 'delays');
  const lines = (): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []);
  const before = lines().length;
  process.kill(pid, 'SIGUSR2');
  const line = await eventually('it has written its figures', () => lines()[before]);
  return JSON.parse(line) as LoopDelays;
}

function cellsOfDelays({ count, median, p99, max }: LoopDelays): string[] {
  return [String(count), ...[median, p99, max].map((millis) => millis.toFixed(1))];
}

async function measureDelays(): Promise<{ readonly loops: string[][]; readonly requests: string[][] }> {
  await using idle = await TestWarden.start({}, undefined, {}, { script });
  await using busy = await TestWarden.start({}, undefined, {}, { script });
  const { url, token } = await busy.client.declareModels([fakeModel(busy, [], { name: 'one', maxConcurrent: connections })], { port: 0 });
  await busy.client.loadModel('one');
  const { id } = await busy.client.start(busyTree(busy));
  await eventually('all members are up', async () => (await busy.tree(id)).members.length >= members, 120_000);
  await busy.client.watch(sampleMillis);
  const load = fire(url, token);
  await Promise.all([loopDelays(idle), loopDelays(busy)]);
  const [quiet = [], loud = []] = await roundTrips([idle, busy]);
  const [calm, late] = await Promise.all([loopDelays(idle), loopDelays(busy)]);
  load.stop();
  return {
    loops: [
      ['nothing to do', ...cellsOfDelays(calm)],
      ['everything on', ...cellsOfDelays(late)],
    ],
    requests: [
      ['nothing to do', ...cellsOf(quiet)],
      ['everything on', ...cellsOf(loud)],
    ],
  };
}

/** Tells when the last process has closed a descriptor: a process of its own, which has nothing else to do. */
class Witness implements Disposable {
  readonly descriptor: number;
  readonly #process;
  #text = '';

  constructor(folder: string) {
    const fifo = join(folder, 'witness');
    execFileSync('mkfifo', [fifo]);
    const script = 'open F, "<", $ARGV[0]; while (sysread F, $b, 10) {} printf "%d\\n", time * 1000';
    this.#process = spawn('perl', ['-MTime::HiRes=time', '-e', script, fifo], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process.stdout.on('data', (part: Buffer) => {
      this.#text += part;
    });
    this.descriptor = openSync(fifo, 'w');
  }

  /** Milliseconds since 1970. */
  async closedAt(): Promise<number> {
    return Number(await eventually('the witness has spoken', () => this.#text.trim()));
  }

  [Symbol.dispose](): void {
    this.#process.kill('SIGKILL');
  }
}

interface Reaction {
  readonly fromKill: number;
  /** From the moment in which the kernel has closed the owner's descriptors. */
  readonly fromClose: number;
}

/** Milliseconds to the first signal of the escalation. */
async function reaction(): Promise<Reaction> {
  await using helper = await TestWarden.start();
  await using run = new Run();
  const token = newToken();
  const models = { requests: [fakeModel(helper, [], { name: 'one', maxConcurrent: connections })], gateway: { port: 0, token } };
  using witness = new Witness(run.folder);
  const window = openWindow(run, { tree: busyTree(helper), models }, witness.descriptor);
  closeSync(witness.descriptor);
  const url = await eventually(
    'its models are served',
    () => {
      const served = JSON.parse(run.call(['models', '--json']).stdout || '[]') as { readonly url?: string }[];
      return served[0]?.url;
    },
    60_000,
  );
  const load = fire(url, token);
  await sleep(1000);
  const killedAt = Date.now();
  window.kill('SIGKILL');
  const first = await eventually('its tree is being ended', () => run.journal().find(({ event }) => event === 'escalation'), 60_000);
  load.stop();
  await eventually('its warden has ended', () => run.journal().some(({ event }) => event === 'warden-ended'), 60_000);
  const reactedAt = Date.parse(String(first['time']));
  return { fromKill: reactedAt - killedAt, fromClose: reactedAt - (await witness.closedAt()) };
}

const { loops, requests } = await measureDelays();
const load = `${members} members, ${connections} connections to its gateway`;
printTable(`milliseconds that a warden’s event loop is late, ${load}`, ['warden', 'looks', 'median', 'p99', 'max'], loops);
printTable(`milliseconds of a small request to a warden, ${load}`, ['warden', 'requests', 'median', 'p99', 'max'], requests);
const reactions: Reaction[] = [];
for (let round = 0; round < Number(values.rounds); round++) reactions.push(await reaction());
printTable(
  'milliseconds to the first signal',
  ['since', 'rounds', 'median', 'p99', 'max'],
  [
    ['the owner’s SIGKILL', ...cellsOf(reactions.map(({ fromKill }) => fromKill))],
    ['the kernel closed its pipes', ...cellsOf(reactions.map(({ fromClose }) => fromClose))],
  ],
);
