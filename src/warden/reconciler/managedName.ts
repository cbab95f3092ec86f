import { reasonOf, textOfError } from '../../protocol/errorReasons.ts';
import { errorText } from '../../protocol/errors.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import { localizable } from '../../protocol/texts.ts';
import type { EndTurn } from '../ending/endOrder.ts';
import { RequestError } from '../requestError.ts';
import type { Tree } from '../trees/tree.ts';
import type { TreeView } from '../trees/treeView.ts';
import { type Effect, initialState, type NameEvent, type NameState, type Phase, transition } from './desiredState.ts';
import type { ReconcilerParts, StopOptions } from './reconcilerParts.ts';
import type { RestartPlan } from './restartPlan.ts';
import { RestartSchedule } from './restartSchedule.ts';
import { Restarts, type Standing } from './restarts.ts';
import { Waiters } from './waiters.ts';

export interface NameParts extends Omit<ReconcilerParts, 'files' | 'clock'> {
  /** Whether something that it depends on forbids a launch now. */
  isHeld(): boolean;
  /** The warden ends. */
  isClosed(): boolean;
  /** Ends a tree of it after what depends on it, where that is being ended. */
  endInTurn(turn: EndTurn, end: () => Promise<void>): Promise<void>;
}

/** Drives one name to what is wanted of it, one tree after the other. */
export class ManagedName {
  readonly name: string;
  readonly #parts: NameParts;
  #state: NameState = initialState;
  #request: StartRequest | undefined;
  /** The newest tree. */
  #tree: Tree | undefined;
  /** Trees whose place the newest one has taken: a wish for one of them is a wish for the newest. */
  readonly #replaced = new Set<TreeId>();
  readonly #waiters = new Waiters();
  readonly #restarts = new Restarts();
  readonly #schedule: RestartSchedule;
  #stopOptions: StopOptions = { reason: '', now: false };
  #stopping: Promise<void> = Promise.resolve();
  /** When the launch that is to come was asked for, in milliseconds since 1970. */
  #askedAt = 0;
  /** Why the tree that is waited for does not come. */
  #failure = new RequestError('notPossible', '');

  constructor(name: string, parts: NameParts) {
    this.name = name;
    this.#parts = parts;
    this.#schedule = new RestartSchedule(name, parts, this.#restarts);
  }

  get phase(): Phase {
    return this.#state.phase;
  }

  /** What is wanted of it: it will run, or will not. */
  get heading(): 'running' | 'stopped' {
    return this.#state.desired;
  }

  /** The newest tree, also where it has ended. */
  get tree(): Tree | undefined {
    return this.#tree;
  }

  /** Whether nothing of it runs, or will by itself. */
  get isIdle(): boolean {
    return this.#state.phase === 'idle';
  }

  /** Whether nothing of it is worth keeping: not even a tree that has ended. */
  get isEmpty(): boolean {
    return this.isIdle && this.#tree === undefined;
  }

  /** Whether it is responsible for this tree, or for the one that has taken its place. */
  covers(tree: TreeView): boolean {
    return tree === this.#tree || this.#replaced.has(tree.id);
  }

  /** What clients are told of one of its trees. */
  standingOf(tree: TreeView): Standing {
    return this.#restarts.standingOf(tree);
  }

  /** @throws RequestError where a tree of this name runs, it cannot be started, or it is stopped meanwhile. */
  async start(request: StartRequest): Promise<Tree> {
    return await this.#want('start', request);
  }

  /**
   * Ends the tree, and starts it again, with another request where one is given. Restarts at the same time are one.
   * @throws RequestError where it cannot be started, could not be ended, or is stopped meanwhile.
   */
  async restart(tree: Tree, options: StopOptions, request: StartRequest): Promise<Tree> {
    // It has happened already.
    if (tree !== this.#tree && this.#tree && this.#state.phase === 'running') return this.#tree;
    return await this.restartNow(options, request);
  }

  /** Ends the newest tree, where it runs, and starts it again with this request. */
  async restartNow(options: StopOptions, request: StartRequest): Promise<Tree> {
    this.#stopOptions = options;
    return await this.#want('restart', request);
  }

  /** Resolves with the tree that was ended, when nothing of it is left; calls off every start and restart under way. */
  async stop(options: StopOptions): Promise<Tree | undefined> {
    const tree = this.#tree;
    this.#stopOptions = options;
    this.#step({ type: 'stop' });
    await this.#stopping;
    return tree;
  }

  /** A limit of the tree was reached. */
  limit(action: 'stop' | 'restart', options: StopOptions): void {
    this.#stopOptions = options;
    this.#step({ type: 'limit', action: this.#parts.isClosed() ? 'stop' : action });
  }

  /** It is there already: its warden has died, and this one has found it. */
  adopt(tree: Tree): void {
    this.#tree = tree;
    this.#request = tree.request;
    this.#state = { ...initialState, phase: 'running', desired: 'running' };
  }

  /** The tree is not listed any more: no wish names it. */
  forget(tree: TreeView): void {
    this.#restarts.forget(tree);
    this.#replaced.delete(tree.id);
    if (tree === this.#tree && this.isIdle) this.#tree = undefined;
  }

  /** Nothing of the tree is left; to be called before others are told. */
  ended(tree: TreeView): void {
    if (tree !== this.#tree) return;
    if (this.#state.phase === 'launching') {
      // What follows is known when the launch is over. Until then, no client is to take this end for the last one.
      this.#restarts.mark(tree, { restarting: true });
      return;
    }
    const plan = this.#restarts.planAfter(tree, this.#state.delayed);
    const reason = tree.endWasWanted ? localizable('wasEnded', tree.reason) : tree.reason;
    this.#step({ type: 'ended', succession: this.#schedule.follow(plan, reason) });
  }

  /** Members of the tree have survived its stop. */
  stuck(tree: TreeView): void {
    if (tree !== this.#tree) return;
    this.#failure = new RequestError('notPossible', localizable('notRestartedBecause', this.name, tree.reason));
    this.#step({ type: 'stuck' });
  }

  /** What it depends on has changed. */
  release(): void {
    if (this.#state.phase === 'held') this.#step({ type: 'released' });
  }

  /** What waits to be started is started with this request. */
  renew(request: StartRequest): void {
    if (this.#state.phase === 'held') this.#request = request;
  }

  /** What it depends on has failed: what waits for it is told of that; what is to start by itself goes on waiting. */
  bar(failure: RequestError): void {
    if (this.#state.phase !== 'held' || this.#waiters.isEmpty) return;
    this.#failure = failure;
    this.#step({ type: 'barred' });
  }

  /** The warden ends: nothing is started any more. The trees are ended by the caller. */
  close(): void {
    this.#schedule.cancel();
    this.#waiters.reject(new RequestError('superseded', localizable('notStartedByShutdown', this.name)));
    this.#state = {
      ...this.#state,
      phase: ['waiting', 'held'].includes(this.#state.phase) ? 'idle' : this.#state.phase,
      desired: 'stopped',
    };
    this.#mark();
  }

  async #want(type: 'start' | 'restart', request: StartRequest): Promise<Tree> {
    if (this.#parts.isClosed()) throw new RequestError('superseded', localizable('notStartedByShutdown', this.name));
    if (this.#waiters.isEmpty) this.#askedAt = Date.now();
    const { next, remove } = this.#waiters.add();
    // Also for those who wait already: the last wish counts. And what has failed before a user's wish counts no more.
    const before = this.#request;
    this.#request = request;
    const takeBack = this.#restarts.forgive();
    if (!this.#step({ type })) {
      this.#request = before;
      takeBack();
      remove();
      const { leader, state } = this.#tree ?? {};
      throw new RequestError('nameTaken', localizable('alreadyRunning', this.name, leader?.pid ?? 'unknown', state ?? 'starting'));
    }
    return await next;
  }

  /** What is started by a request of its own has no dependencies: nothing would start those. */
  get #isHeld(): boolean {
    return this.#request?.declaration !== undefined && this.#parts.isHeld();
  }

  /** False where the event is refused. */
  #step(event: NameEvent): boolean {
    const { state, effects, refused } = transition(this.#state, event, this.#isHeld);
    this.#state = state;
    this.#mark();
    for (const effect of effects) this.#carryOut(effect);
    this.#parts.onChange();
    return refused !== true;
  }

  #carryOut(effect: Effect): void {
    switch (effect) {
      case 'launch':
        void this.#launch();
        break;
      case 'stop':
        this.#beginEnd();
        break;
      case 'wait':
        if (this.#tree) this.#schedule.waitFor(this.#tree, () => this.#step({ type: 'due' }));
        break;
      case 'cancelWait':
        this.#schedule.cancel();
        if (this.#tree) this.#restarts.mark(this.#tree, { nextStartAt: undefined });
        break;
      case 'supersede':
        this.#waiters.reject(new RequestError('superseded', localizable('stoppedMeanwhile', this.name)));
        break;
      case 'deliver':
        if (this.#tree) this.#waiters.resolve(this.#tree);
        break;
      case 'fail':
        this.#waiters.reject(this.#failure);
        break;
      case 'giveUp':
        if (this.#tree) this.#schedule.reportGivenUp(this.#tree);
        break;
    }
  }

  /** What has failed once is not told to a later stop. */
  #beginEnd(): void {
    const stopping = this.#end();
    this.#stopping = stopping;
    stopping.catch(() => {
      if (this.#stopping === stopping) this.#stopping = Promise.resolve();
    });
  }

  async #end(): Promise<void> {
    const { reason, steps, now } = this.#stopOptions;
    try {
      const tree = this.#tree;
      if (tree) await this.#parts.endInTurn({ steps: steps ?? tree.request.stop, now }, () => tree.stop(reason, steps, now));
    } catch (error) {
      this.#failure = new RequestError('notPossible', localizable('couldNotBeEndedBecause', this.name, errorText(error)));
      this.#step({ type: 'stuck' });
      throw error;
    }
  }

  async #launch(): Promise<void> {
    const request = this.#request;
    if (request === undefined) return;
    const isAutomatic = this.#waiters.isEmpty;
    if (isAutomatic) this.#restarts.countOne();
    const before = this.#tree;
    const replaced = this.#state.replacing ? before : undefined;
    let tree: Tree | undefined;
    try {
      tree = this.#parts.create(request);
      this.#restarts.mark(tree, { restarts: this.#restarts.countFor(request), ...(!isAutomatic && { askedAt: this.#askedAt }) });
      this.#take(tree, replaced);
      await tree.start();
    } catch (error) {
      if (tree) {
        this.#parts.discard(tree);
        this.#restarts.forget(tree);
      }
      if (replaced) this.#restarts.mark(replaced, { successor: undefined, restarting: false });
      this.#tree = before;
      this.#failed(error, request, isAutomatic);
      return;
    }
    this.#step({ type: 'launched' });
    // Its end may be faster than the news of its start.
    if (tree.ended) this.ended(tree);
  }

  #take(tree: Tree, replaced: Tree | undefined): void {
    if (replaced) {
      this.#replaced.add(replaced.id);
      this.#restarts.mark(replaced, { successor: tree.id, restarting: true });
    } else this.#replaced.clear();
    this.#tree = tree;
  }

  /** Of an automatic restart, a spawn that fails is a failure like any other: the system may be short of something for a moment only. */
  #failed(error: unknown, request: StartRequest, isAutomatic: boolean): void {
    const isExpected = isAutomatic && this.#state.phase === 'launching' && this.#waiters.isEmpty;
    this.#failure = error instanceof RequestError ? error : new RequestError('startFailed', textOfError(error), reasonOf(error));
    const plan: RestartPlan = isExpected && this.#tree ? this.#restarts.planAfterFailedSpawn(request) : { next: 'stay' };
    const succession = this.#schedule.follow(plan, localizable('couldNotBeRestarted', textOfError(error)));
    this.#step({ type: 'launchFailed', succession });
    if (isExpected && plan.next === 'stay') this.#parts.alert(localizable('restartFailed', this.name, textOfError(error)), this.name);
  }

  /** What clients are told of the tree: whether another one is to take its place. */
  #mark(): void {
    const { phase, desired } = this.#state;
    if (!this.#tree || phase === 'launching') return;
    this.#restarts.mark(this.#tree, {
      restarting: desired === 'running' && phase !== 'running',
      ...(phase !== 'waiting' && { nextStartAt: undefined }),
    });
  }
}
