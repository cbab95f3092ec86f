import { jobOf } from '../../protocol/jobs.ts';
import { instanceOf } from '../../protocol/names.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import { localizable, type Text } from '../../protocol/texts.ts';
import type { RestartRequest } from '../../protocol/treeRequests.ts';
import { EndOrder } from '../ending/endOrder.ts';
import { RequestError } from '../requestError.ts';
import { snapshotOf } from '../trees/snapshot.ts';
import type { Tree } from '../trees/tree.ts';
import type { TreeView } from '../trees/treeView.ts';
import { Declarations } from './declarations.ts';
import { lastRequestOf } from './lastRequest.ts';
import { ManagedName } from './managedName.ts';
import type { ReconcilerParts, StopOptions } from './reconcilerParts.ts';
import { noStanding, type Standing } from './restarts.ts';

/**
 * Holds for each name what is wanted of it and what runs under it, and drives one to the other: every start, stop and
 * restart goes through here, whether a user or a policy asks for it.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #names = new Map<string, ManagedName>();
  /** What is declared, and desired of it. */
  readonly declarations: Declarations;
  readonly #endOrder = new EndOrder((name) => this.declarations.dependentsOf(name));
  #isClosed = false;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
    this.declarations = new Declarations({
      ...parts,
      start: (request) => this.start(request),
      stop: (tree, options) => this.stop(tree, options).catch(() => undefined),
      peek: (name) => this.#names.get(name),
      named: (name) => this.#named(name),
      release: (managed) => this.#release(managed),
      snapshotOf: (tree) => snapshotOf(tree, this.standingOf(tree)),
      onChange: () => parts.onChange(),
    });
  }

  /** Whether nothing runs, or will by itself. */
  get isIdle(): boolean {
    return !this.declarations.hasArmed && [...this.#names.values()].every(({ isIdle }) => isIdle);
  }

  /** @throws RequestError where a tree of this name runs, it cannot be started, or it is stopped meanwhile. */
  async start(request: StartRequest): Promise<Tree> {
    if (this.#isClosed) throw new RequestError('notPossible', localizable('notStartedByShutdown', request.name));
    const managed = this.#named(request.name);
    try {
      return await managed.start(request);
    } finally {
      this.#release(managed);
    }
  }

  /** Resolves with the tree that was ended: this one, or the one that has taken its place. */
  async stop(tree: Tree, options: StopOptions): Promise<Tree> {
    const managed = this.#managerOf(tree);
    // By its name, where that is declared: what of it is still to be restarted is called off.
    const stopping = managed && (this.declarations.stopInstance(managed.name, options) ?? managed.stop(options));
    if (stopping) return (await stopping) ?? tree;
    await tree.stop(options.reason, options.steps, options.now);
    return tree;
  }

  /**
   * Resolves with the tree that has taken its place.
   * @throws RequestError where the restart is not possible, or a stop has come between.
   */
  async restart(tree: Tree, { request, ...options }: StopOptions & Pick<RestartRequest, 'request'>): Promise<Tree> {
    const { name } = tree.request;
    if (this.declarations.jobs.has(jobOf(name)?.pool ?? ''))
      throw new RequestError(
        'notPossible',
        `'${name}' was not restarted: a job runs once. Run another one with: tree-warden job ${jobOf(name)?.pool}`,
      );
    if (request !== undefined && request.name !== name)
      throw new RequestError('notPossible', `'${name}' was not restarted: the request is for '${request.name}'.`);
    if (this.#isClosed) throw new RequestError('notPossible', localizable('notRestartedByShutdown', name));
    const next = request === undefined ? lastRequestOf(tree) : { ...request, awaitReader: false };
    return await (this.#managerOf(tree)?.restart(tree, options, next) ?? this.start(next));
  }

  /** Ends these trees, what others depend on after those, and calls off all that was still to be started. */
  async endAll(trees: readonly Tree[], reason: Text, now: boolean): Promise<void> {
    this.declarations.stopAll({ reason, now });
    for (const managed of this.#names.values()) if (managed.heading === 'running') managed.stop({ reason, now }).catch(() => undefined);
    const places = new Map(this.declarations.inEndOrder().map((name, place) => [name, place]));
    // What no file declares as a process may be the server of a model that others depend on.
    const placeOf = ({ request }: Tree): number => places.get(instanceOf(request.name).spec) ?? places.size;
    const ordered = trees.toSorted((a, b) => placeOf(a) - placeOf(b));
    await Promise.all(
      ordered.map((tree) =>
        this.#endOrder.inTurn(instanceOf(tree.request.name).spec, { steps: tree.request.stop, now }, () =>
          tree.stop(reason, undefined, now),
        ),
      ),
    );
  }

  /** What clients are told of a tree's place among those of its name. */
  standingOf(tree: TreeView): Standing {
    return this.#names.get(tree.request.name)?.standingOf(tree) ?? noStanding;
  }

  /** A limit was reached whose action ends the tree, or restarts it. */
  limit(tree: Tree, action: 'stop' | 'restart', options: StopOptions): void {
    this.#managerOf(tree)?.limit(action, options);
  }

  adopt(tree: Tree): void {
    this.#named(tree.request.name).adopt(tree);
    this.declarations.jobs.adopt(tree);
  }

  ended(tree: TreeView): void {
    this.#managerOf(tree)?.ended(tree);
    this.declarations.treeEnded(tree);
  }

  stuck(tree: TreeView): void {
    this.#managerOf(tree)?.stuck(tree);
  }

  /** The tree has changed its state. */
  changed({ request }: TreeView): void {
    this.declarations.observe(request.name);
  }

  /** The tree is not listed any more. */
  forget(tree: TreeView): void {
    const managed = this.#managerOf(tree);
    managed?.forget(tree);
    if (managed?.isEmpty) this.#names.delete(managed.name);
  }

  /** The warden ends: nothing is started any more. */
  close(): void {
    this.#isClosed = true;
    this.declarations.close();
    for (const managed of this.#names.values()) managed.close();
  }

  #named(name: string): ManagedName {
    const known = this.#names.get(name);
    if (known) return known;
    const managed = new ManagedName(name, {
      ...this.#parts,
      onChange: () => this.#noticed(name),
      isHeld: () => this.declarations.isHeld(name),
      isClosed: () => this.#isClosed,
      endInTurn: (turn, end) => this.#endOrder.inTurn(instanceOf(name).spec, turn, end),
    });
    this.#names.set(name, managed);
    return managed;
  }

  #noticed(name: string): void {
    this.declarations.observe(name);
    this.#parts.onChange();
  }

  /** Of what could not be started, no tree is listed that will be forgotten. */
  #release(managed: ManagedName): void {
    if (managed.isEmpty && this.#names.get(managed.name) === managed) this.#names.delete(managed.name);
  }

  #managerOf(tree: TreeView): ManagedName | undefined {
    const managed = this.#names.get(tree.request.name);
    return managed?.covers(tree) ? managed : undefined;
  }
}
