/** Everything that guards a tree is killed at a random moment of its work; what the next start finds has to be clean. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { StartRequest } from '../../src/protocol/startRequest.ts';
import { parseStop } from '../../src/protocol/stopSteps.ts';
import { openWindow } from './deaths.ts';
import { eventually, Run, switchesOf } from './run.ts';
import { isAlive, killIfThere, survivorsAfterLooking, survivorsOf } from './survivors.ts';

const burst = fileURLToPath(new URL('../fixtures/adversaries/fork-burst.pl', import.meta.url));
const daemon = '(env -i setsid /usr/bin/tail -f "$1/idle" >/dev/null 2>&1 &); tail -f "$1/idle"';

interface Scenario {
  readonly name: string;
  readonly argv: (folder: string) => StartRequest['argv'];
  /** Whether it is to be up before anything is struck. */
  readonly up?: number;
  /** What is going on when it is struck. */
  readonly begin?: (owner: number) => void;
  /** Within how many milliseconds it is struck. */
  readonly within: number;
}

const scenarios: readonly Scenario[] = [
  { name: 'start', argv: (folder) => ['sh', '-c', daemon, 'sh', folder], within: 80 },
  {
    name: 'stop',
    argv: (folder) => ['sh', '-c', `trap "" TERM; ${daemon}`, 'sh', folder],
    up: 3,
    begin: (owner) => process.kill(owner, 'SIGUSR2'),
    within: 300,
  },
  { name: 'log rotation', argv: (folder) => ['sh', '-c', 'yes "$1" | head -c 60000000; sleep 1000', 'sh', folder], up: 2, within: 400 },
  { name: 'writing records', argv: (folder) => ['perl', burst, folder], up: 10, within: 200 },
];

/**
 * One round. Rejects where hasTrees is alive, or anything is on record, after the next start.
 * @returns what was done, for the table.
 */
export async function chaosRound(random: () => number, where: string): Promise<string> {
  await using run = new Run();
  const scenario = scenarios[Math.floor(random() * scenarios.length)] ?? assert.fail();
  const { name, argv, up, begin, within } = scenario;
  const stop = parseStop(['SIGTERM', '150ms']);
  const request = { name: 'it', argv: argv(run.workFolder), cwd: run.workFolder, env: {}, stdio: 'pipes', stop } as const;
  const containment = (['group', 'cgroup', 'auto'] as const)[Math.floor(random() * 3)] ?? 'auto';
  const tree = { ...request, whenLeaderExits: 'kill', containment: containment === 'cgroup' ? 'auto' : containment } as const;
  const window = openWindow(run, { tree });
  const warden = await eventually('the warden is there', () => run.wardenPids()[0]);
  const own = new Set([window.pid, warden]);
  if (up !== undefined) await eventually('it is up', () => survivorsOf(run.workFolder, own).length >= up);
  const homes = run.cgroupRootPaths();
  begin?.(window.pid);
  const until = performance.now() + random() * within;
  while (performance.now() < until) await turn();
  const candidates = [window.pid, warden, ...switchesOf(warden)];
  const victims = candidates.filter(() => random() < 0.7);
  // In a stop, each of them may be ending at this moment.
  for (const pid of victims) if (isAlive(pid)) killIfThere(pid, 'SIGKILL');
  // The processes that are left finish what they were doing.
  if (isAlive(window.pid)) process.kill(window.pid, 'SIGUSR2');
  await eventually('the warden has ended', () => !isAlive(warden), 10_000);
  run.call(['sweep']);
  await eventually(`${where}: no process is left`, async () => (await survivorsAfterLooking(run.workFolder)).length === 0, 3000);
  await eventually(`${where}: nothing is on record`, () => readdirSync(run.runtimeFolder).length === 0, 3000);
  assert.deepEqual(homes.filter(existsSync), [], `${where}: cgroups`);
  assertJournalWhole(run, where);
  return name;
}

/** Every line but the last is a whole record; the last may have been cut by the kill. */
function assertJournalWhole(run: Run, where: string): void {
  // It may have been killed before the first line.
  const text = existsSync(run.journalPath) ? readFileSync(run.journalPath, 'utf8') : '';
  const lines = text.split('\n').slice(0, -1);
  for (const line of lines) assert.doesNotThrow(() => JSON.parse(line), `${where}: journal line ${line.slice(0, 100)}`);
}
