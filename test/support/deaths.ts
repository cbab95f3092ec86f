import { type StdioOptions, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { Containment } from '../../src/protocol/startRequest.ts';
import { parseStop } from '../../src/protocol/stopSteps.ts';
import type { WindowWork } from '../fixtures/window.ts';
import type { Adversary } from './adversaries.ts';
import { Patience } from './patience.ts';
import { eventually, Run, switchesOf } from './run.ts';
import { isAlive, type Survivor, survivorsAfterLooking, survivorsOf } from './survivors.ts';

export const graceMillis = 500;
/** Time limits, in milliseconds: the next one is for where an adversary was not up before the last one struck. */
export const timeLimits = [2500, 10_000, 40_000] as const;

/** Who is there when it strikes. */
interface Scene {
  readonly run: Run;
  /** What the tree was started with, in milliseconds. */
  readonly timeLimit: number;
  /** `tree-warden run`, or what stands for an extension host. */
  readonly owner: number;
  readonly warden: number;
}

/** A way in which a tree's end comes about. */
export interface Death {
  readonly name: string;
  /** A window, where it ends in a way that only windows do. */
  readonly owner?: 'window';
  /** It comes by itself, when a time limit is over. */
  readonly timed?: true;
  strike(scene: Scene): void | Promise<void>;
  /** The warden has no time to say anything. */
  readonly killsWarden?: true;
  /** What may still be alive then ends at the next start. */
  readonly nextStart?: true;
}

/** All of them are held first: none may see another one's death. `pids`: parents first; a stopped warden continues when its parent ends. */
export function killAtOnce(...pids: readonly number[]): void {
  // To 0, this process and those beside it are meant.
  for (const pid of pids) if (!(pid > 1)) throw new Error(`${pid} is no process to kill`);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  for (const pid of pids.toReversed()) process.kill(pid, 'SIGKILL');
}

export const deaths: readonly Death[] = [
  { name: 'stop', strike: ({ owner }) => void process.kill(owner, 'SIGTERM') },
  {
    name: 'timeout',
    timed: true,
    // From when the leader started: by its record, so that the wait is exact.
    strike: async ({ run, timeLimit }) => await sleep(Math.max(0, (run.startedAt() ?? 0) + timeLimit - Date.now())),
  },
  { name: 'window closed', owner: 'window', strike: ({ owner }) => void process.kill(owner, 'SIGUSR2') },
  {
    name: 'window reloaded',
    owner: 'window',
    strike: async ({ run, owner, warden }) => {
      process.kill(owner, 'SIGUSR2');
      const reloaded = openWindow(run);
      await eventually('the reloaded window has its warden', () => run.wardenPids().some((pid) => pid !== warden));
      reloaded.kill('SIGUSR2');
    },
  },
  { name: 'SIGKILL of the owner', strike: ({ owner }) => killAtOnce(owner) },
  { name: 'of the warden', killsWarden: true, strike: ({ warden }) => killAtOnce(warden) },
  { name: 'of both', killsWarden: true, strike: ({ owner, warden }) => killAtOnce(owner, warden) },
  {
    name: 'of the switch, then of both',
    killsWarden: true,
    strike: async ({ owner, warden }) => {
      const [first] = switchesOf(warden);
      if (first === undefined) throw new Error('there is no switch');
      killAtOnce(first);
      await eventually('another switch has taken over', () => switchesOf(warden).some((pid) => pid !== first));
      killAtOnce(owner, warden);
    },
  },
  {
    name: 'of all three',
    killsWarden: true,
    strike: ({ owner, warden }) => killAtOnce(owner, warden, ...switchesOf(warden)),
    nextStart: true,
  },
];

export function death(name: string): Death {
  const found = deaths.find((one) => one.name === name);
  if (!found) throw new Error(`there is no death '${name}'`);
  return found;
}

const windowScript = fileURLToPath(new URL('../fixtures/window.ts', import.meta.url));

/** Stands for an extension host, with something to do or without. `descriptor`: one more that it holds open for as long as it lives. */
export function openWindow(run: Run, work: WindowWork = {}, descriptor?: number) {
  const args = [windowScript, JSON.stringify(work), join(run.folder, 'state', 'tree-warden', 'logs')];
  const stdio: StdioOptions = ['ignore', 'ignore', 'ignore', descriptor ?? 'ignore'];
  const child = spawn(process.execPath, args, { cwd: run.workFolder, env: run.env, stdio });
  if (child.pid === undefined) throw new Error('the window could not be opened');
  return child as typeof child & { readonly pid: number };
}

export interface DeathOptions {
  readonly containment?: Containment | 'auto';
  readonly env?: NodeJS.ProcessEnv;
  /** When who is alive counts as a survivor, in milliseconds from the strike. By default that is a hang: tests tell no time. */
  readonly timeoutMillis?: number;
}

export interface DeathOutcome {
  readonly survivors: readonly Survivor[];
  /** Until the last one was gone, from the strike, or from the next start where it takes that. */
  readonly millis: number;
  /** Who was alive before the next start, where it takes that. */
  readonly leftForNextStart: number;
}

/** Runs the adversary, strikes, and looks until no process is left. */
export async function survivorsOfDeath(adversary: Adversary, how: Death, options: DeathOptions = {}): Promise<DeathOutcome> {
  for (const timeLimit of timeLimits) {
    const outcome = await tryDeath(adversary, how, timeLimit, options);
    if (outcome !== 'too early') return outcome;
  }
  throw new Error(`${adversary.name} was not up within ${timeLimits.at(-1)} ms`);
}

/** What the kernel ends by itself, it ends at once; a thousand in a namespace take it a second where others want the processors too. */
async function countLeft(run: Run, own: ReadonlySet<number>, containment: Containment | 'auto'): Promise<number> {
  const count = (): number => survivorsOf(run.workFolder, own).length;
  if (containment === 'namespace') await eventually('the kernel has ended them', () => count() === 0).catch(() => undefined);
  else await sleep(100);
  return count();
}

async function tryDeath(
  adversary: Adversary,
  how: Death,
  timeLimit: number,
  { containment = 'auto', env = {}, timeoutMillis = 20_000 }: DeathOptions,
): Promise<DeathOutcome | 'too early'> {
  await using run = new Run(env);
  const owner = startOwner(run, adversary, how, containment, timeLimit);
  // On a machine that is busy, a time limit can be over before hasTrees has looked.
  const isOver = (): boolean => how.timed === true && !isAlive(owner);
  const warden = await eventually('the warden is there', () => run.wardenPids()[0] ?? (isOver() ? 'too early' : undefined));
  if (warden === 'too early') return warden;
  const own = new Set([owner, warden]);
  // What stands around a namespace names the run's folder too.
  const keepers = containment === 'namespace' ? 2 : 0;
  const isMade = (): boolean => adversary.isCrowd !== true || existsSync(join(run.workFolder, 'up'));
  const up = await eventually(`${adversary.name} is up`, () => {
    if (isMade() && survivorsOf(run.workFolder, own).length >= adversary.processes + keepers) return 'up';
    return isOver() ? 'too early' : undefined;
  });
  if (up === 'too early') return up;
  const { recordedAs } = adversary;
  // In a namespace, the kernel knows them.
  if (recordedAs !== undefined && containment !== 'namespace') {
    const seen = await eventually('its processes are on record', () => {
      const recorded = run.recordedMembers();
      const living = survivorsOf(run.workFolder, own);
      const programs = living.map(({ command }) => basename(command.split(' ')[0] ?? '')).sort();
      const areAll = isDeepStrictEqual(programs, recordedAs) && living.every(({ pid }) => recorded.has(pid));
      return areAll ? 'seen' : isOver() && 'too early';
    });
    if (seen === 'too early') return seen;
  }
  await how.strike({ run, owner, warden, timeLimit });
  let struckAt = Date.now();
  let leftForNextStart = 0;
  if (how.nextStart) {
    await eventually('they are dead', () => !isAlive(owner) && !isAlive(warden));
    leftForNextStart = await countLeft(run, own, containment);
    struckAt = Date.now();
    run.call(['sweep']);
  }
  const patience = new Patience(timeoutMillis);
  for (;;) {
    const begun = performance.now();
    const found = survivorsOf(run.workFolder, own);
    const millis = Date.now() - struckAt;
    const survivors = found.length > 0 ? found : await survivorsAfterLooking(run.workFolder, own);
    if (survivors.length === 0 || patience.isOver) {
      await eventually('the warden has ended too', () => !isAlive(warden));
      return { survivors, millis, leftForNextStart };
    }
    await sleep(Math.max(5, performance.now() - begun));
  }
}

function startOwner(run: Run, adversary: Adversary, how: Death, containment: Containment | 'auto', timeLimit: number): number {
  const argv = adversary.argv(run.workFolder);
  const whenLeaderExits = adversary.leaderLeaves ? 'keep' : 'kill';
  if (how.owner === 'window') {
    const stop = parseStop(['SIGTERM', `${graceMillis}ms`]);
    const tree = { name: 'it', argv, cwd: run.workFolder, env: {}, stdio: 'pipes', stop, whenLeaderExits, containment } as const;
    return openWindow(run, { tree }).pid;
  }
  const options = [
    '--grace',
    `${graceMillis}ms`,
    '--when-leader-exits',
    whenLeaderExits,
    '--containment',
    containment,
    ...(how.timed ? ['--time', `${timeLimit}ms`] : []),
  ];
  return run.start(['run', ...options, '--', ...argv]).pid;
}
