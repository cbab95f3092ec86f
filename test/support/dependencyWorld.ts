/** Names that depend on each other, in the reconciler of a warden whose trees are made up. */
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import type { Dependency, NameAnswer, StartNameRequest } from '../../src/protocol/declare.ts';
import type { FileWatch } from '../../src/protocol/fileWatch.ts';
import type { TreeId } from '../../src/protocol/identity.ts';
import type { ProcessTemplate } from '../../src/protocol/processTemplate.ts';
import type { Schedule } from '../../src/protocol/schedule.ts';
import type { TreeState } from '../../src/protocol/snapshot.ts';
import type { StartRequest } from '../../src/protocol/startRequest.ts';
import type { FileWatcher, FileWatchListener, WatchedFiles } from '../../src/warden/fileWatchLink.ts';
import type { Journal } from '../../src/warden/journal.ts';
import { type JobRecorder, noJobRecorder } from '../../src/warden/reconciler/jobRecorder.ts';
import { Reconciler } from '../../src/warden/reconciler/reconciler.ts';
import type { DayClock } from '../../src/warden/reconciler/scheduleClock.ts';
import type { Tree } from '../../src/warden/trees/tree.ts';

/** Watches nothing: what changes is the test's to say. */
export class MadeUpFiles implements FileWatcher {
  /** All that is to be watched. */
  watches: readonly WatchedFiles[] = [];
  /** How often a user has wanted it to go on. */
  forgiven = 0;
  #listener: FileWatchListener | undefined;

  readonly listen = (listener: FileWatchListener): void => {
    this.#listener = listener;
  };
  readonly set = (watches: readonly WatchedFiles[]): void => {
    this.watches = watches;
  };
  readonly forgive = (): void => {
    this.forgiven++;
  };
  readonly close = (): Promise<void> => Promise.resolve();

  get listener(): FileWatchListener {
    return this.#listener ?? assert.fail('nothing listens');
  }

  /** Names of the processes whose files are watched. */
  get names(): string[] {
    return this.watches.map(({ name }) => name);
  }
}

/** A clock of the day that goes on, and is set, when the test says so. */
export class MadeUpClock implements DayClock {
  /** Milliseconds since 1970. */
  at: number;
  /** Number of times that something has looked at it because of a timer. */
  looks = 0;
  #timer: { readonly fire: () => void; left: number } | undefined;

  constructor(at = Date.UTC(2026, 0, 1)) {
    this.at = at;
  }

  readonly now = (): number => this.at;

  readonly setTimer = (fire: () => void, millis: number): (() => void) => {
    const timer = { fire, left: millis };
    this.#timer = timer;
    return () => {
      if (this.#timer === timer) this.#timer = undefined;
    };
  };

  /** Time goes on, and timers with it. */
  pass(millis: number): void {
    for (let left = millis; ; ) {
      const timer = this.#timer;
      if (timer === undefined || timer.left > left) {
        if (timer) timer.left -= left;
        this.at += left;
        return;
      }
      left -= timer.left;
      this.at += timer.left;
      this.#timer = undefined;
      this.looks++;
      timer.fire();
    }
  }

  /** The machine sleeps, or the clock is set: no timer knows of it. */
  jump(millis: number): void {
    this.at += millis;
  }
}

/** As much of a tree as the reconciler deals with; what happens to it is the test's to say. */
export class MadeUpTree {
  readonly id: TreeId;
  readonly request: StartRequest;
  readonly output = { lastLines: () => [] };
  readonly probes = { health: 'unknown' };
  readonly container = { containment: 'group' };
  readonly figures = {};
  readonly canRestart = true;
  readonly leader = { pid: 7, startTime: 1 };
  readonly signals: string[] = [];
  readonly limit = undefined;
  state: TreeState = 'starting';
  reason = '';
  ended = false;
  endWasWanted = false;
  #spawned: { resolve(): void; reject(error: Error): void } | undefined;
  #gone: (() => void) | undefined;

  constructor(id: number, request: StartRequest) {
    this.id = `tree-${id}` as TreeId;
    this.request = request;
  }

  get isSpawning(): boolean {
    return this.#spawned !== undefined;
  }

  get isEnding(): boolean {
    return this.#gone !== undefined;
  }

  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#spawned = { resolve, reject };
    });
  }

  /** @param error Where the spawn fails. */
  spawn(error?: Error): void {
    const spawned = this.#spawned;
    this.#spawned = undefined;
    if (error) {
      this.ended = true;
      this.gone();
      spawned?.reject(error);
    } else spawned?.resolve();
  }

  stop(): Promise<void> {
    if (this.ended) return Promise.resolve();
    this.endWasWanted = true;
    return new Promise((resolve) => {
      this.state = 'stopping';
      const before = this.#gone;
      this.#gone = () => {
        before?.();
        resolve();
      };
    });
  }

  signal(signal: string): 'sent' {
    this.signals.push(signal);
    return 'sent';
  }

  gone(): void {
    this.#gone?.();
    this.#gone = undefined;
  }
}

export interface MadeUpName {
  readonly dependsOn: readonly Dependency[];
  readonly instances?: number;
  readonly restarts?: boolean;
  /** How long its stop sequence waits. */
  readonly stopMillis?: number;
  readonly watch?: Partial<FileWatch>;
  readonly schedule?: Partial<Schedule>;
  /** Its name, where it is not this. */
  readonly command?: string;
}

export class DependencyWorld {
  names: Readonly<Record<string, MadeUpName>>;
  readonly reconciler: Reconciler;
  readonly files = new MadeUpFiles();
  readonly clock = new MadeUpClock();
  readonly alerts: string[] = [];
  readonly trees: MadeUpTree[] = [];
  /** Names of the instances in the order in which they were launched, and in which their ends were begun. */
  readonly launches: string[] = [];
  /** Verbs without an answer yet. */
  readonly unanswered: string[] = [];
  readonly failures: string[] = [];

  constructor(
    names: Readonly<Record<string, MadeUpName>>,
    onLaunch: (name: string, request: StartRequest) => void = () => undefined,
    jobRecorder: JobRecorder = noJobRecorder,
  ) {
    this.names = names;
    this.reconciler = new Reconciler({
      journal: { write: () => undefined } as unknown as Journal,
      files: this.files,
      clock: this.clock,
      jobRecorder,
      create: (request) => {
        onLaunch(request.name, request);
        const tree = new MadeUpTree(this.trees.length, request);
        this.trees.push(tree);
        this.launches.push(request.name);
        return tree as unknown as Tree;
      },
      discard: (tree) => this.trees.splice(this.trees.indexOf(tree as unknown as MadeUpTree), 1),
      onChange: () => undefined,
      alert: (message) => this.alerts.push(String(message)),
    });
  }

  get alive(): readonly MadeUpTree[] {
    return this.trees.filter(({ ended }) => !ended);
  }

  async declare(): Promise<void> {
    const processes = Object.entries(this.names).map(
      ([name, { dependsOn, instances = 1, restarts = false, stopMillis = 0, command = name, watch, schedule }]) => {
        const restart = { when: 'on-failure', maxRestarts: 1000, windowMillis: 1e6, delayMillis: 0, maxDelayMillis: 0 };
        const template = { argv: [command], env: {}, cwd: '/', stop: [{ waitMillis: stopMillis }], ...(restarts && { restart }) };
        const watched = watch && { folder: '/w', patterns: ['src'], action: { by: 'restart' as const }, debounceMillis: 200, ...watch };
        const scheduled = schedule && { cron: '* * * * *', timeZone: 'UTC', overlap: 'skip' as const, ...schedule };
        return {
          ...{ name, instances, dependsOn, template: template as unknown as ProcessTemplate },
          ...(watched && { watch: watched }),
          ...(scheduled && { schedule: scheduled }),
        };
      },
    );
    await this.reconciler.declarations.declare({ origin: 'file', processes });
  }

  /** The file has changed to this. */
  async edit(names: Readonly<Record<string, MadeUpName>>): Promise<void> {
    this.names = names;
    await this.declare();
    await this.rest();
  }

  /** The warden's owner is gone; `isWarden`: and the warden ends. Resolves when all that was alive has ended. */
  async endAll(isWarden: boolean): Promise<void> {
    if (isWarden) this.reconciler.close();
    const ends = this.reconciler.endAll(this.alive as unknown as readonly Tree[], 'the test', false);
    await this.settle([]);
    await ends;
    await this.rest();
  }

  /** Resolves when the verb has taken effect; its answer may be long in coming. */
  async ask(verb: 'start' | 'stop' | 'restart', name: string, options: Omit<StartNameRequest, 'name'> = {}): Promise<void> {
    const { declarations } = this.reconciler;
    const asked = {
      start: () => declarations.start({ name, ...options }),
      stop: () => declarations.stop({ name, now: false, reason: 'the test' }),
    };
    const answer: Promise<NameAnswer> = verb === 'restart' ? declarations.restart({ name, reason: 'the test' }) : asked[verb]();
    const asking = `${verb} ${name}`;
    this.unanswered.push(asking);
    const answered = (): unknown => this.unanswered.splice(this.unanswered.indexOf(asking), 1);
    answer.then(
      ({ failures }) => {
        answered();
        this.failures.push(...failures.map(({ message }) => message));
      },
      (error: Error) => {
        answered();
        this.failures.push(error.message);
      },
    );
    await this.rest();
  }

  /** Time goes on. */
  async pass(millis: number): Promise<void> {
    this.clock.pass(millis);
    await this.rest();
  }

  async spawned(tree: MadeUpTree, error?: Error): Promise<void> {
    tree.spawn(error);
    await this.rest();
    if (!error) this.reconciler.changed(tree as unknown as Tree);
    await this.rest();
  }

  async ready(tree: MadeUpTree): Promise<void> {
    tree.state = 'ready';
    this.reconciler.changed(tree as unknown as Tree);
    await this.rest();
  }

  /** It has ended: of itself in this state, or as it was asked to. */
  async end(tree: MadeUpTree, state: 'succeeded' | 'failed'): Promise<void> {
    tree.state = tree.endWasWanted ? 'exited' : state;
    tree.reason = state === 'failed' ? 'exited with code 3' : '';
    tree.ended = true;
    tree.gone();
    this.reconciler.ended(tree as unknown as Tree);
    this.reconciler.changed(tree as unknown as Tree);
    await this.rest();
  }

  /** Everything that is under way comes to its end, and well; what is listed in `oneShots` ends without a failure. */
  async settle(oneShots: readonly string[]): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      const busy = this.alive.find(
        (tree) => tree.isSpawning || tree.isEnding || tree.state === 'starting' || oneShots.includes(tree.request.name),
      );
      if (busy === undefined) {
        quiet++;
        // An automatic restart has a timer of no time.
        await new Promise((resolve) => setTimeout(resolve, 2));
        continue;
      }
      quiet = 0;
      if (busy.isSpawning) await this.spawned(busy);
      else if (busy.isEnding || oneShots.includes(busy.request.name)) await this.end(busy, 'succeeded');
      else await this.ready(busy);
    }
  }

  /** Until what follows from a step by promises has followed. */
  async rest(): Promise<void> {
    for (let count = 0; count < 3; count++) await turn();
  }

  /** Ends all, so that no test leaves a wait behind; what needs others first, as it may start them again at its time. */
  async close(): Promise<void> {
    for (const name of this.reconciler.declarations.inEndOrder()) await this.ask('stop', name);
    await this.settle([]);
    assert.deepEqual(this.alive, []);
    this.reconciler.close();
  }
}

export const ready = (name: string): Dependency => ({ name, condition: 'ready' });

/** Works in a world of these names, and ends all in it: whatever has failed, a wait would keep the test's process. */
export async function running(names: Readonly<Record<string, MadeUpName>>, work: (world: DependencyWorld) => Promise<void>): Promise<void> {
  const world = new DependencyWorld(names);
  await world.declare();
  try {
    await work(world);
  } finally {
    await world.close();
  }
  assert.deepEqual(world.unanswered, []);
}

/** The newest tree of an instance. */
export function newest(world: DependencyWorld, name: string): MadeUpTree {
  return world.trees.findLast((tree) => tree.request.name === name) ?? assert.fail(`${name} was not launched`);
}
