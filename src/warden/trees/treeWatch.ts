import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Platform, ProcessStat } from '../../platform/platform.ts';
import type { Lifetime, TreeId } from '../../protocol/identity.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { type Text, withData } from '../../protocol/texts.ts';
import { period } from '../../protocol/timers.ts';
import { killAll } from '../ending/cleanup.ts';
import type { DeadMansSwitch } from '../ending/deadMansSwitch.ts';
import { ifReadable, passUnreadable } from '../ending/ifReadable.ts';
import { describeSurvivors, type Survivor } from '../ending/termination.ts';
import type { Journal } from '../journal.ts';
import type { Observers } from '../observers.ts';
import { SampleScheduler } from '../sampleScheduler.ts';
import { LateMembers } from './lateMembers.ts';
import type { LimitKeeper } from './limitKeeper.ts';
import type { Census, Membership } from './membership.ts';
import { Sampler } from './sampler.ts';
import { SharedLooks } from './sharedLooks.ts';
import { Strays } from './strays.ts';
import type { TreeRecords } from './treeRecords.ts';
import { isGuarded, type ObservedTree, type TreeView } from './treeView.ts';

export interface TreeWatchParts {
  readonly platform: Platform;
  readonly lifetime: Lifetime;
  readonly membership: Membership;
  readonly records: TreeRecords;
  readonly limits: LimitKeeper;
  readonly deadMansSwitch: DeadMansSwitch;
  readonly journal: Journal;
  readonly observers: Observers;
  readonly logFolder: string;
  readonly keepHistory: boolean;
  /** All listed trees. */
  trees(): Iterable<ObservedTree>;
  /** Something that clients see has changed. */
  onChange(): void;
  /** Shows a message to the user. */
  alert(message: Text): void;
}

/**
 * A shared look that took longer than this, in milliseconds, is followed by a rest of so many times its time: requests to stop a thousand trees come one in each turn,
 * and would each have a look of their own.
 */
const quickMillis = 10;
const restFactor = 2;
const maxRestMillis = 100;

/** Samples which processes live and what they use, and keeps switch, records and limits up to date with that. */
export class TreeWatch {
  readonly #parts: TreeWatchParts;
  readonly #strays: Strays;
  readonly #late: LateMembers;
  readonly #sampler: Sampler;
  readonly #scheduler: SampleScheduler;
  readonly #samples = new SharedLooks<void>((thorough) => this.#sample(thorough));
  /** A look that has not begun yet. */
  #soon: Promise<Census> | undefined;
  /** No such look begins before, in milliseconds of the monotonic clock. */
  #restUntil = 0;
  /** The newest census that is in switch and records. */
  #recorded: Census | undefined;

  constructor(parts: TreeWatchParts) {
    this.#parts = parts;
    this.#strays = new Strays(parts.lifetime);
    this.#late = new LateMembers(parts, (id) => this.alive(id));
    this.#sampler = new Sampler(parts);
    this.#scheduler = new SampleScheduler({
      census: async () => void (await this.#look(false).catch(passUnreadable)),
      sample: () => void this.sample(true).catch(passUnreadable),
      // So that clients that watch see figures, not zeros, before the next interval.
      sampleNew: () => this.sample().then(() => parts.onChange(), passUnreadable),
      hasTrees: () => this.#running.length > 0 || this.#strays.startedAt > 0,
      intervalMillis: () => parts.limits.intervalMillis,
    });
  }

  /** The strays, as if they were a tree; undefined where there are none. */
  get strays(): TreeSnapshot | undefined {
    return this.#strays.snapshot();
  }

  /** Living members of a tree, looked up afresh and thoroughly. */
  alive(id: TreeId): ProcessStat[] {
    return aliveIn(this.#parts.membership.census(true), id);
  }

  /** The same at the end of this turn of the event loop, or a little later, by one look for all trees that ask until then: a thousand may be ended at the same time. */
  async aliveSoon(id: TreeId): Promise<readonly ProcessStat[]> {
    this.#soon ??= this.#lookSoon();
    return aliveIn(await this.#soon, id);
  }

  async #lookSoon(): Promise<Census> {
    const rest = this.#restUntil - performance.now();
    await (rest > 0 ? sleep(period(rest)) : nextTurn());
    this.#soon = undefined;
    const begun = performance.now();
    const census = this.#parts.membership.census(true);
    const now = performance.now();
    const took = now - begun;
    this.#restUntil = took > quickMillis ? now + Math.min(maxRestMillis, restFactor * took) : 0;
    return census;
  }

  /** Reads the membership, and updates everything that depends on it. */
  census(thorough: boolean): Census {
    return this.#record(this.#parts.membership.census(thorough));
  }

  /** Reads every member's figures now. */
  async sample(thorough = false): Promise<void> {
    await this.#samples.take(thorough);
  }

  async #sample(thorough: boolean): Promise<void> {
    const { observers, limits, trees } = this.#parts;
    await this.#sampler.sample(() => this.#look(thorough), trees, this.#strays);
    observers.runNow('Looking at limits', () => limits.check(this.#running.filter(({ external }) => external === undefined)), undefined);
  }

  /** As {@link census}, but the event loop is free in between. */
  async #look(thorough: boolean): Promise<Census> {
    const { membership } = this.#parts;
    await membership.censusInTurns(thorough);
    // There may be a newer one since.
    return this.#record(membership.newest);
  }

  #record(census: Census): Census {
    if (census === this.#recorded) return census;
    this.#recorded = census;
    if (this.#strays.observe(census.strays)) this.#straysChanged(census.strays);
    this.#keepInStep(census);
    for (const tree of this.#parts.trees()) {
      const alive = countAlive(census.members.get(tree.id));
      if (!tree.ended || alive === 0) tree.observe(alive);
      else if (isGuarded(tree)) this.#late.kill(tree);
    }
    return census;
  }

  /** To be called in the turn of the spawn: membership, records and switch know of it before anything else happens. */
  spawned(tree: TreeView, leader: ProcessStat): void {
    const { membership, lifetime, deadMansSwitch, records } = this.#parts;
    const isInStep = this.#recorded === membership.newest;
    membership.addLeader(tree.id, leader, tree.container);
    if (isInStep) {
      // Of a hundred that start at once, each is all that is new.
      this.#recorded = membership.newest;
      if (lifetime === 'managed') deadMansSwitch.add(leader, tree.container.path);
      records.write(tree, leader, [leader]);
    } else this.#record(membership.newest);
    this.#scheduler.scheduleInitialSamples();
  }

  /** Trees are there that were not spawned, or are guarded otherwise. */
  othersChanged(): void {
    ifReadable(() => this.census(false));
    this.#scheduler.scheduleInitialSamples();
  }

  forget(id: TreeId): void {
    this.#late.forget(id);
  }

  /** Ends all strays; resolves with their snapshot, in which survivors are still listed. */
  async stopStrays(strays: TreeSnapshot, reason: Text): Promise<TreeSnapshot> {
    const survivors = await this.#killStrays();
    this.census(true);
    if (survivors.length === 0) return { ...withReason(strays, reason), state: 'killed', endedAt: Date.now() };
    const left = new Set(survivors.map(({ process }) => process.pid));
    const members = strays.members.filter(({ pid }) => left.has(pid));
    return { ...withReason(strays, describeSurvivors(survivors)), members, state: 'unkillable' };
  }

  /** Ends what belongs to no running tree; to be called when the trees have ended. */
  async endTheRest(): Promise<void> {
    await this.#killStrays();
    await this.#late.settled();
  }

  /** Resolves when the kept history is written. */
  async close(): Promise<void> {
    await this.#sampler.close();
  }

  /** To be called last: nothing is watched any more. */
  dispose(): void {
    this.#scheduler.dispose();
  }

  get #running(): readonly ObservedTree[] {
    return [...this.#parts.trees()].filter((tree) => !tree.ended);
  }

  async #killStrays(): Promise<readonly Survivor[]> {
    return await killAll(this.#parts, () => this.#parts.membership.census(true).strays.filter((process) => process.alive));
  }

  #straysChanged(strays: readonly ProcessStat[]): void {
    const names = strays.map(({ name, pid }) => `${name} (pid ${pid})`).join(', ');
    if (names) this.#parts.journal.write({ event: 'strays', reason: `${names}: nothing says of which tree they are` });
    this.#parts.onChange();
  }

  /** Switch and records must name exactly what lives now. */
  #keepInStep({ members, strays }: Census): void {
    const { lifetime, deadMansSwitch, records } = this.#parts;
    const guarded = this.#running.filter(isGuarded);
    const spared = new Set([...this.#parts.trees()].filter((tree) => !isGuarded(tree)).map(({ id }) => id));
    const listed = [...members].flatMap(([id, processes]) => (spared.has(id) ? [] : processes));
    const containers = guarded.flatMap((tree) => tree.container.path ?? []);
    // The switch must not kill detached trees.
    if (lifetime === 'managed')
      deadMansSwitch.update(
        [...listed, ...strays].filter((process) => process.alive),
        containers,
      );
    for (const tree of guarded) {
      if (tree.leader) records.write(tree, tree.leader, members.get(tree.id) ?? []);
    }
    records.writeStrays(this.#strays, strays);
  }
}

function aliveIn({ members }: Census, id: TreeId): ProcessStat[] {
  return (members.get(id) ?? []).filter((process) => process.alive);
}

function countAlive(processes: readonly ProcessStat[] = []): number {
  return processes.filter((process) => process.alive).length;
}

function withReason({ reasonData: _, ...strays }: TreeSnapshot, reason: Text): TreeSnapshot {
  return { ...strays, reason: String(reason), ...withData('reasonData', reason) };
}
