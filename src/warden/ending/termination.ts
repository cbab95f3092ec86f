import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessIdentity, ProcessStat, SignalOutcome } from '../../platform/platform.ts';
import type { StopStep } from '../../protocol/messages.ts';

/** What an escalation works on: a tree, or whatever else has to go. */
export interface Target {
  /** Who is alive now; looks afresh at every call. */
  alive(): ProcessStat[];
  signal(target: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome;
  /** Ends everybody at once, where a container can; false where all of it is left to signals. */
  killAll?(): boolean;
  /** Hears of each step: a signal that everybody gets, at last SIGKILL. */
  onStep?(signal: NodeJS.Signals): void;
}

export interface Outcome {
  /** Whether it took a SIGKILL. */
  readonly forced: boolean;
  /** Who is alive after all of it, with what the kernel said to the last SIGKILL. */
  readonly survivors: readonly Survivor[];
}

export interface Survivor {
  readonly process: ProcessStat;
  readonly lastAnswer: SignalOutcome;
}

/** How long members may take to vanish after SIGKILL before they count as unkillable, in milliseconds. */
const killPatience = 900;
/** The same for what a dead warden left: nobody waits for that, and nobody else will try before the next start. */
export const reapPatience = 10_000;
/** A process that forks and leaves is missed by one look; nobody is believed to be gone before this many. */
const looksBeforeGone = 3;
const maxFreezePasses = 300;

/**
 * Takes the steps one after another until nobody is left; a SIGKILL among them, or the end of the list, kills.
 * `hurry` ends the waiting and kills at once; `patienceMillis` is how long the killing may take.
 */
export async function terminate(
  target: Target,
  steps: readonly StopStep[],
  hurry: AbortSignal,
  patienceMillis = killPatience,
): Promise<Outcome> {
  for (const step of steps) {
    if (hurry.aborted) break;
    if ('waitMillis' in step) {
      if (await isGoneWithin(target, step.waitMillis, hurry)) return { forced: false, survivors: [] };
    } else if (step.signal === 'SIGKILL') {
      break;
    } else {
      target.onStep?.(step.signal);
      signalEveryone(target, step.signal);
    }
  }
  if (await isGone(target)) return { forced: false, survivors: [] };
  target.onStep?.('SIGKILL');
  return { forced: true, survivors: await kill(target, patienceMillis) };
}

/** A stopped process does not see a signal before it goes on, so SIGCONT follows. */
function signalEveryone(target: Target, signal: NodeJS.Signals): void {
  for (const process of target.alive()) {
    target.signal(process, signal);
    if (process.stopped && signal !== 'SIGSTOP') target.signal(process, 'SIGCONT');
  }
}

async function isGoneWithin(target: Target, millis: number, hurry: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + millis;
  // From short to long: the willing are gone in milliseconds, the others cost a look 20 times a second.
  for (let pause = 4; ; pause = Math.min(pause * 1.3, 50)) {
    if (await isGone(target)) return true;
    const left = deadline - performance.now();
    if (left <= 0 || hurry.aborted) return false;
    await sleep(Math.min(pause, left), undefined, { signal: hurry }).catch(() => undefined);
  }
}

/** Whether nobody is left, by several looks a few milliseconds apart; one look can miss a process that forks and leaves. */
export async function isGone(target: Pick<Target, 'alive'>): Promise<boolean> {
  for (let look = 1; ; look++) {
    if (target.alive().length > 0) return false;
    if (look === looksBeforeGone) return true;
    await sleep(look);
  }
}

/** Nobody may fork while the killing goes on: first stop all that is found, until a pass finds nobody new. */
async function kill(target: Target, patienceMillis: number): Promise<Survivor[]> {
  const begun = performance.now();
  const answers = new Map<number, SignalOutcome>();
  for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
    if (target.killAll?.() && (await isGone(target))) return [];
    freeze(target);
    for (const process of target.alive()) answers.set(process.pid, target.signal(process, 'SIGKILL'));
    if (await isGone(target)) return [];
    const hopeless = [...answers.values()].every((answer) => answer === 'denied');
    if (performance.now() - begun >= (hopeless ? killPatience : patienceMillis)) {
      return target.alive().map((process) => ({ process, lastAnswer: answers.get(process.pid) ?? 'sent' }));
    }
    await sleep(pause);
  }
}

/** All passes in one turn of the event loop: a pause would be the forker's chance. */
function freeze(target: Target): void {
  const frozen = new Set<number>();
  for (let pass = 0; pass < maxFreezePasses; pass++) {
    const running = target.alive().filter((process) => !frozen.has(process.pid));
    if (running.length === 0) return;
    for (const process of running) {
      frozen.add(process.pid);
      target.signal(process, 'SIGSTOP');
    }
  }
}

/** One clause that says why somebody is still there. */
export function describeSurvivors(survivors: readonly Survivor[]): string {
  const each = survivors.map(({ process, lastAnswer }) => {
    const why = lastAnswer === 'denied' ? 'it belongs to another user' : 'it is in an uninterruptible wait in the kernel';
    return `${process.name} (pid ${process.pid}): ${why}`;
  });
  return `still alive after SIGKILL: ${each.join('; ')}`;
}
