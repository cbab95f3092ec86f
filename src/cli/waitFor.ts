import { Changes } from '../client/changes.ts';
import type { Progress } from '../client/progress.ts';
import { instanceOf, normalName } from '../protocol/names.ts';
import { timeoutOf } from './durations.ts';
import { exitCodes } from './exitCodes.ts';
import { FollowedWardens } from './followedWardens.ts';
import { asJson } from './progressJson.ts';
import { complain, sayAll, sayJson } from './say.ts';
import { subjectOf, subjectProgress } from './subject.ts';
import { recordedTrees } from './wardens.ts';

export interface WaitOptions {
  readonly until: 'ready' | 'succeeded' | 'ended';
  /** A duration; `0s`: as long as it takes. */
  readonly timeout: string;
  readonly json?: boolean;
}

/** Time after which a process whose warden has ended is given up that is on no record any more, and one that still is, in milliseconds. */
const lostMillis = { unrecorded: 3000, recorded: 60_000 } as const;

/** Resolves when all of these have come to what is waited for, one of them will not, or the time is over. */
export async function waitFor(written: readonly string[], { until, timeout, json = false }: WaitOptions): Promise<number> {
  const timeoutMillis = timeoutOf(timeout);
  const names = [...new Set(written.map(normalName))];
  const changes = new Changes();
  using wardens = new FollowedWardens('tree-warden wait', changes);
  await wardens.look();
  const waits = names.map((name) => new Wait(name, until, wardens));
  for (const wait of waits) if (!wait.isKnown) complain(`'${wait.name}' has not been started yet: waiting for its start.`);
  wardens.follow();
  // What one of them has come to may change while another one is waited for.
  const progress = await changes.until(() => {
    const now = waits.flatMap((wait) => wait.look());
    const isDecided = now.every(({ verdict }) => verdict === 'met') || now.some(({ verdict }) => verdict === 'failed');
    return isDecided ? now : undefined;
  }, timeoutMillis);
  const last = progress ?? waits.flatMap((wait) => wait.look());
  if (json) sayJson(last.map(asJson), 2);
  const failed = last.filter(({ verdict }) => verdict === 'failed');
  for (const { label, state, reason } of failed) complain(`${label}: ${reason === '' ? state : reason}`);
  if (failed.length > 0) return exitCodes.failed;
  if (progress === undefined) {
    for (const { label, verdict, state, reason } of last)
      if (verdict === 'pending') complain(`${label}: not ${until} after ${timeout}: ${state}${reason === '' ? '' : `, ${reason}`}`);
    return exitCodes.timedOut;
  }
  if (!json) sayAll(last.map(({ label, state, reason }) => `${label}: ${reason === '' ? state : reason}`));
  return exitCodes.ok;
}

/** One name that is waited for. */
class Wait {
  readonly name: string;
  readonly #until: WaitOptions['until'];
  readonly #wardens: FollowedWardens;
  /** What it had come to when a warden knew it last. */
  #last: readonly Progress[] | undefined;
  /** When its warden was lost, and when it was last on record after that, by the monotonic clock. */
  #lost: { readonly at: number; recordedAt: number } | undefined;

  constructor(name: string, until: WaitOptions['until'], wardens: FollowedWardens) {
    this.name = name;
    this.#until = until;
    this.#wardens = wardens;
  }

  get isKnown(): boolean {
    return subjectOf(this.name, this.#wardens.feeds) !== undefined;
  }

  look(): readonly Progress[] {
    const subject = subjectOf(this.name, this.#wardens.feeds);
    if (subject) {
      this.#lost = undefined;
      this.#last = subjectProgress(this.#until, subject);
      return this.#last;
    }
    if (this.#last === undefined) return [{ label: this.name, verdict: 'pending', state: 'not started', reason: '' }];
    // A warden ends when nothing of it runs any more: how that has ended is as it was told.
    if (this.#last.every(({ verdict, tree }) => verdict === 'met' && tree?.endedAt !== undefined)) return this.#last;
    const now = performance.now();
    this.#lost ??= { at: now, recordedAt: now };
    // Until the reaper has ended it, or another warden has it, which is a process that has to be started first.
    if (isOnRecord(this.name)) this.#lost.recordedAt = now;
    const { at, recordedAt } = this.#lost;
    const isOver = now - recordedAt >= lostMillis.unrecorded || now - at >= lostMillis.recorded;
    const reason = 'its warden has ended, and how the process has ended is not known';
    return [{ label: this.name, verdict: isOver ? 'failed' : 'pending', state: 'ended', reason }];
  }
}

/** A tree, or an instance, that is called so. */
function isOnRecord(wanted: string): boolean {
  return recordedTrees().some(({ name, tree }) => name === wanted || instanceOf(name).spec === wanted || tree.startsWith(wanted));
}
