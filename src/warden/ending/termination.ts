import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessIdentity, ProcessStat, SignalOutcome } from '../../platform/platform.ts';
import type { StopStep } from '../../protocol/startRequest.ts';
import { isSignal } from '../../protocol/stopSteps.ts';
import { ifReadable, passUnreadable } from './ifReadable.ts';

/** What an escalation works on: a tree, or whatever else has to go. */
export interface Target {
  /** Processes that are alive now; looks afresh at every call. @throws ProcessTableError where that cannot be seen. */
  alive(): ProcessStat[];
  signal(target: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome;
  /** Ends all processes at once, where a container can; false where all of it is left to signals. */
  killAll?(): boolean;
  /** Called at each step: a signal that is sent to all processes, at last SIGKILL. */
  onStep?(signal: NodeJS.Signals): void;
}

export interface Outcome {
  /** Whether it took a SIGKILL. */
  readonly forced: boolean;
  /** Members that are alive after the last step, with the result of the last SIGKILL. */
  readonly survivors: readonly Survivor[];
}

export interface Survivor {
  readonly process: ProcessStat;
  /** Undefined where no signal was sent: it was not seen before, or the process table could not be read. */
  readonly lastAnswer: SignalOutcome | undefined;
}

/** Time without progress after SIGKILL, until the members that are left count as unkillable; in milliseconds. */
const killTimeoutMillis = 900;
/** The longest that a kill takes while members go on vanishing, in milliseconds: a thousand may take seconds on a machine that is busy. */
const maxKillMillis = 60_000;
/** The same for the members that a dead warden left, in milliseconds: no client waits, and nothing else tries before the next start. */
export const reapTimeoutMillis = 10_000;
/** Number of empty passes before a tree counts as gone: a single one misses a process that forks and exits. */
const passesBeforeGone = 3;
const maxFreezePasses = 300;

/**
 * Takes the steps one after another until no process is left; a SIGKILL among them, or the end of the list, kills. A signal that this system does
 * not have, as a record may name, is passed over: it must not keep the kill from its turn.
 * `hurry` ends the waiting and kills at once; `timeoutMillis` is the time without progress after SIGKILL until those that are left count as survivors.
 * @throws ProcessTableError where the process table cannot be read after the last step.
 */
export async function terminate(
  target: Target,
  steps: readonly StopStep[],
  hurry: AbortSignal,
  timeoutMillis = killTimeoutMillis,
): Promise<Outcome> {
  for (const step of steps) {
    if (hurry.aborted) break;
    if ('waitMillis' in step) {
      if (await isGoneWithin(target, step.waitMillis, hurry)) return { forced: false, survivors: [] };
    } else if (step.signal === 'SIGKILL') {
      break;
    } else if (isSignal(step.signal)) {
      target.onStep?.(step.signal);
      signalEveryone(target, step.signal);
    }
  }
  if (await isGone(target)) return { forced: false, survivors: [] };
  target.onStep?.('SIGKILL');
  return { forced: true, survivors: await kill(target, timeoutMillis) };
}

/** The same for a tree, which stays listed where `left` says, as a clause, what may be alive after all of it. */
export async function endAll(
  target: Target,
  steps: readonly StopStep[],
  hurry: AbortSignal,
): Promise<{ readonly forced: boolean; readonly left: string | undefined }> {
  const outcome = await terminate(target, steps, hurry).catch(passUnreadable);
  // It can be tried again, and ends by itself when it is seen that none is left.
  if (outcome === undefined) return { forced: true, left: 'it cannot be seen whether any of its processes is left' };
  const { forced, survivors } = outcome;
  return { forced, left: survivors.length > 0 ? describeSurvivors(survivors) : undefined };
}

/** A stopped process does not see a signal before it goes on, so SIGCONT follows. */
function signalEveryone(target: Target, signal: NodeJS.Signals): void {
  for (const process of ifReadable(() => target.alive()) ?? []) {
    send(target, process, signal);
    if (process.stopped && signal !== 'SIGSTOP') send(target, process, 'SIGCONT');
  }
}

/** Undefined where it cannot be seen whether this is still the process. */
function send(target: Target, process: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome | undefined {
  return ifReadable(() => target.signal(process, signal));
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

/**
 * Whether no member is left, by several passes a few milliseconds apart: a single one can miss a process that forks and exits. A pass
 * that fails counts as one with members left.
 */
export async function isGone(target: Pick<Target, 'alive'>): Promise<boolean> {
  for (let pass = 1; ; pass++) {
    if (ifReadable(() => target.alive().length) !== 0) return false;
    if (pass === passesBeforeGone) return true;
    await sleep(pass);
  }
}

/**
 * Members must not fork while they are killed: stops all of them first, until a pass finds no new one. One that was sent the signal, and that no wait
 * of the kernel's holds, dies when it gets a processor, which takes a second and more where many want one: that is no time without progress.
 */
async function kill(target: Target, timeoutMillis: number): Promise<Survivor[]> {
  const begun = performance.now();
  let lastProgress = begun;
  let fewest = Number.POSITIVE_INFINITY;
  const answers = new Map<number, SignalOutcome | undefined>();
  for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
    if (ifReadable(() => target.killAll?.()) && (await isGone(target))) return [];
    ifReadable(() => freeze(target));
    const living = ifReadable(() => target.alive()) ?? [];
    for (const process of living) answers.set(process.pid, send(target, process, 'SIGKILL'));
    if (await isGone(target)) return [];
    const now = performance.now();
    const isDying = living.some(({ pid, uninterruptible }) => uninterruptible === false && answers.get(pid) === 'sent');
    if (living.length < fewest || isDying) lastProgress = now;
    fewest = Math.min(fewest, living.length);
    const hopeless = answers.size > 0 && [...answers.values()].every((answer) => answer === 'denied' || answer === 'protected');
    if (now - lastProgress >= (hopeless ? killTimeoutMillis : timeoutMillis) || now - begun >= maxKillMillis) {
      return target.alive().map((process) => ({ process, lastAnswer: answers.get(process.pid) }));
    }
    await sleep(pause);
  }
}

/** All passes run in one turn of the event loop: a pause would let members fork. */
function freeze(target: Target): void {
  const frozen = new Set<number>();
  for (let pass = 0; pass < maxFreezePasses; pass++) {
    const running = target.alive().filter((process) => !frozen.has(process.pid));
    if (running.length === 0) return;
    for (const process of running) {
      frozen.add(process.pid);
      send(target, process, 'SIGSTOP');
    }
  }
}

/** One clause that names the survivors and what was observed of each. */
export function describeSurvivors(survivors: readonly Survivor[]): string {
  const each = survivors.map((survivor) => `${survivor.process.name} (pid ${survivor.process.pid}): ${whyAlive(survivor)}`);
  return `still alive after SIGKILL: ${each.join('; ')}`;
}

function whyAlive({ process, lastAnswer }: Survivor): string {
  if (lastAnswer === 'denied') return 'it belongs to another user';
  if (lastAnswer === 'protected') return 'this program runs under it';
  if (lastAnswer !== 'sent') return 'no signal has reached it';
  return process.uninterruptible === true
    ? 'it is in an uninterruptible wait in the kernel'
    : 'it was sent the signal and has not ended yet';
}
