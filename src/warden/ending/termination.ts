import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessIdentity, ProcessStat, SignalOutcome } from '../../platform/platform.ts';
import type { HookCommand, StopStep } from '../../protocol/startRequest.ts';
import { commandsOf, isSignal } from '../../protocol/stopSteps.ts';
import { type Localizable, localizable } from '../../protocol/texts.ts';
import { ifReadable, passUnreadable } from './ifReadable.ts';

/** What an escalation works on: a tree, or whatever else has to go. */
export interface Target {
  /** Processes that are alive now; looks afresh at every call. @throws ProcessTableError where that cannot be seen. */
  alive(): ProcessStat[];
  /** The same by a look that begins later in this turn of the event loop, and is shared by all that ask for it meanwhile. Absent: each looks by itself. */
  aliveSoon?(): Promise<readonly ProcessStat[]>;
  signal(target: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome;
  /** Ends all processes at once, where a container can; false where all of it is left to signals. */
  killAll?(): boolean;
  /** Called at each step: a signal that is sent to all processes, at last SIGKILL. */
  onStep?(signal: NodeJS.Signals): void;
  /** Runs a command of the stop to its end or its timeout; never fails. Absent: commands are passed over. */
  run?(command: HookCommand): Promise<void>;
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
 * Takes the steps one after another until no process is left; a SIGKILL among them, or the end of the list, kills. Commands are run in their turn,
 * whether a process is left or not, and none of their processes is left either. A signal that this system does not have, as a record may name, is
 * passed over: it must not keep the kill from its turn.
 * `hurry` ends the waiting and kills at once; `timeoutMillis` is the time without progress after SIGKILL until those that are left count as survivors.
 * @throws ProcessTableError where the process table cannot be read after the last step.
 */
export async function terminate(
  target: Target,
  steps: readonly StopStep[],
  hurry: AbortSignal,
  timeoutMillis = killTimeoutMillis,
): Promise<Outcome> {
  const end = new End(target, timeoutMillis);
  for (const step of steps) {
    if (hurry.aborted) await end.tryToKill();
    if ('run' in step) await target.run?.(step);
    else if (end.outcome) continue;
    else if ('waitMillis' in step) await end.wait(step.waitMillis, hurry);
    else if (step.signal === 'SIGKILL') await end.tryToKill();
    else if (isSignal(step.signal)) {
      target.onStep?.(step.signal);
      await signalEveryone(target, step.signal);
    }
  }
  const outcome = await end.kill();
  if (commandsOf(steps).length === 0 || target.run === undefined) return outcome;
  // What a command has left behind after the kill, also beside those that could not be killed.
  return { ...outcome, survivors: (await isGone(target)) ? [] : await kill(target, timeoutMillis) };
}

/** Of the processes that were there when the stop began. */
class End {
  readonly #target: Target;
  readonly #timeoutMillis: number;
  /** Undefined while a process may be left that was not killed. */
  outcome: Outcome | undefined;

  constructor(target: Target, timeoutMillis: number) {
    this.#target = target;
    this.#timeoutMillis = timeoutMillis;
  }

  async wait(millis: number, hurry: AbortSignal): Promise<void> {
    if (await isGoneWithin(this.#target, millis, hurry)) this.outcome = { forced: false, survivors: [] };
  }

  /** Where the process table cannot be read, it is tried again when all commands have been run. */
  async tryToKill(): Promise<void> {
    await this.kill().catch(passUnreadable);
  }

  async kill(): Promise<Outcome> {
    this.outcome ??= await this.#kill();
    return this.outcome;
  }

  async #kill(): Promise<Outcome> {
    if (await isGone(this.#target)) return { forced: false, survivors: [] };
    this.#target.onStep?.('SIGKILL');
    return { forced: true, survivors: await kill(this.#target, this.#timeoutMillis) };
  }
}

/** The same for a tree, which stays listed where `left` says, as a clause, what may be alive after all of it. */
export async function endAll(
  target: Target,
  steps: readonly StopStep[],
  hurry: AbortSignal,
): Promise<{ readonly forced: boolean; readonly left: Localizable | undefined }> {
  const outcome = await terminate(target, steps, hurry).catch(passUnreadable);
  // It can be tried again, and ends by itself when it is seen that none is left.
  if (outcome === undefined) return { forced: true, left: localizable('unseen') };
  const { forced, survivors } = outcome;
  return { forced, left: survivors.length > 0 ? describeSurvivors(survivors) : undefined };
}

/** A stopped process does not see a signal before it goes on, so SIGCONT follows. */
async function signalEveryone(target: Target, signal: NodeJS.Signals): Promise<void> {
  for (const process of (await aliveSoon(target)) ?? []) {
    send(target, process, signal);
    if (process.stopped && signal !== 'SIGSTOP') send(target, process, 'SIGCONT');
  }
}

/** Undefined where the process table cannot be read. */
async function aliveSoon(target: Pick<Target, 'alive' | 'aliveSoon'>): Promise<readonly ProcessStat[] | undefined> {
  if (!target.aliveSoon) return ifReadable(() => target.alive());
  return await target.aliveSoon().catch(passUnreadable);
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
export async function isGone(target: Pick<Target, 'alive' | 'aliveSoon'>): Promise<boolean> {
  for (let pass = 1; ; pass++) {
    if ((await aliveSoon(target))?.length !== 0) return false;
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
export function describeSurvivors(survivors: readonly Survivor[]): Localizable {
  const each = survivors.map((survivor) => localizable('survivor', survivor.process.name, survivor.process.pid, whyAlive(survivor)));
  return localizable('stillAlive', each);
}

function whyAlive({ process, lastAnswer }: Survivor): Localizable {
  if (lastAnswer === 'denied') return localizable('ofAnotherUser');
  if (lastAnswer === 'protected') return localizable('runsThisProgram');
  if (lastAnswer !== 'sent') return localizable('noSignalReached');
  return localizable(process.uninterruptible === true ? 'uninterruptible' : 'notEndedYet');
}
