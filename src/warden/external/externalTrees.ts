import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { dirname } from 'node:path';
import { displayCommandLine } from '../../command/commandLine.ts';
import type { Containers } from '../../platform/container.ts';
import { type Platform, type ProcessStat, sameProcess } from '../../platform/platform.ts';
import type { Guard } from '../../protocol/external.ts';
import type { FollowRequest, HostChild } from '../../protocol/externalRequests.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { Text } from '../../protocol/texts.ts';
import type { Journal } from '../journal.ts';
import { treeWithMark } from '../marks.ts';
import { RequestError } from '../requestError.ts';
import type { Census, Membership } from '../trees/membership.ts';
import type { TreeEvents } from '../trees/treeEvents.ts';
import { journalTrees } from '../trees/treeJournal.ts';
import { isGuarded } from '../trees/treeView.ts';
import { BirthMarks } from './birthMarks.ts';
import { ExternalTree } from './externalTree.ts';

export interface ExternalTreesParts {
  readonly platform: Platform;
  readonly membership: Membership;
  readonly containers: Containers;
  readonly journal: Journal;
  /** Living members, looked up afresh and thoroughly. */
  alive(tree: TreeId): ProcessStat[];
  /** Records, switch and clients are to be brought up to date, in this turn. */
  onChange(): void;
  /** It is not to be on record any more. */
  removeRecord(tree: TreeId): void;
  /** It is not listed any more. */
  onForget(tree: TreeId): void;
}

/** What the editor calls its process that starts terminals, among the arguments of that process. */
const terminalProcess = /^--type=ptyHost$/;
/** Number of external trees at a time. */
const maxTrees = 500;
/** How far up from a process its ancestors are looked at. */
const maxDepth = 100;
/** Number of those that have ended and stay listed. */
const endedKept = 20;

/** The trees that Tree Warden did not start, as a client names them: each is only looked at until it is asked for more. */
export class ExternalTrees {
  readonly #parts: ExternalTreesParts;
  readonly #trees = new Map<TreeId, ExternalTree>();
  readonly #births: BirthMarks;
  readonly #events = new EventEmitter<TreeEvents>();
  #marksHosts = false;
  #onEnded: () => void = () => undefined;

  constructor(parts: ExternalTreesParts) {
    this.#parts = parts;
    this.#births = new BirthMarks(parts.platform);
    journalTrees(this.#events, parts.journal);
    this.#events.on('stateChanged', () => parts.onChange());
    this.#events.on('ended', (tree) => this.#ended(tree.id));
  }

  get all(): readonly ExternalTree[] {
    return [...this.#trees.values()];
  }

  get guarded(): readonly ExternalTree[] {
    return this.all.filter((tree) => isGuarded(tree) && !tree.ended);
  }

  /** How long guarded ones wait for the next owner of the warden, in milliseconds; 0 where there is none. */
  get keepMillis(): number {
    return Math.max(0, ...this.guarded.map(({ keepMillis }) => keepMillis));
  }

  /** Hears of every end. */
  onEnded(listener: () => void): void {
    this.#onEnded = listener;
  }

  readonly peek = (id: TreeId): ExternalTree | undefined => this.#trees.get(id);

  /** @throws RequestError where the process has ended, or must not be followed, or there are too many. */
  follow(request: FollowRequest): ExternalTree {
    const leader = this.#leaderOf(request.pid);
    const known = this.all.find((tree) => !tree.ended && sameProcess(tree.leader, leader));
    if (!known) this.#assertOfEditor(leader, request.host);
    const startsTerminals = request.kind === 'terminal' || request.kind === 'task';
    const parent = this.#marksHosts && startsTerminals ? this.#parts.platform.stat(leader.parent) : undefined;
    if (parent && parent.pid > 1) this.#births.add(parent);
    const tree = known ?? this.#add(leader, request);
    this.#births.renew();
    tree.rename(request);
    this.setGuard(tree, request.guard);
    return tree;
  }

  /** @throws RequestError where it must not be guarded. */
  setGuard(tree: ExternalTree, guard: Guard): void {
    const before = tree.external.guard;
    if (guard === before || tree.ended) return;
    if (guard === 'guarded') this.#assertMayEnd(tree);
    // First, so that a crash from here on ends nothing that was released.
    if (before === 'guarded') this.#parts.removeRecord(tree.id);
    tree.setGuard(guard);
    this.#parts.journal.write({ event: 'guard', tree: tree.id, spec: tree.request.name, pid: tree.leader.pid, reason: guard });
    this.#parts.onChange();
  }

  forget(tree: ExternalTree): void {
    if (!tree.ended) this.setGuard(tree, 'watched');
    this.#parts.removeRecord(tree.id);
    this.#parts.membership.letGo(tree.id);
    this.#trees.delete(tree.id);
    this.#parts.onForget(tree.id);
    this.#parts.onChange();
  }

  /** The owner is gone: ends what is guarded and does not wait for the next one. */
  async stopUnkept(reason: Text): Promise<void> {
    await Promise.all(this.guarded.filter(({ keepMillis }) => keepMillis === 0).map((tree) => tree.stop(reason)));
  }

  /** The window's end: what is guarded ends, and what is only looked at is left alone. */
  async shutdown(reason: Text, now: boolean): Promise<void> {
    this.#births.dispose();
    for (const tree of this.all.filter((one) => !isGuarded(one))) this.forget(tree);
    await Promise.all(this.guarded.map((tree) => tree.stop(reason, undefined, now)));
  }

  /** What the editor's process for terminals starts is born with a mark from now on; or it is not any more. */
  async markHosts(host: number, marked: boolean): Promise<void> {
    const { platform } = this.#parts;
    this.#marksHosts = marked;
    if (!marked) {
      this.#births.dispose();
      return;
    }
    const own = platform.stat(host);
    const editor = own && platform.stat(own.parent);
    if (editor === undefined || editor.pid <= 1 || !platform.isOwnedByUser(host)) return;
    const beside = (await platform.descendantsInTurns([editor], false)).filter(({ parent }) => parent === editor.pid);
    for (const process of beside)
      if (this.#marksHosts && platform.argvOf(process.pid).some((word) => terminalProcess.test(word))) this.#births.add(process);
  }

  /** What this extension host has started by itself: no member of a tree, and none of our own programs. */
  async hostChildren(host: number): Promise<readonly HostChild[]> {
    const { platform, membership } = this.#parts;
    const root = platform.stat(host);
    if (root === undefined || !platform.isOwnedByUser(host)) return [];
    const below = await platform.descendantsInTurns([root], false);
    const members = membersOf(membership.newest);
    const own = dirname(process.argv[1] ?? '');
    return (
      below
        .filter(({ pid, parent, alive }) => alive && parent === host && pid !== process.pid && !members.has(pid))
        .map(({ pid, name }) => ({ pid, name, argv: platform.argvOf(pid) }))
        // Other programs of ours: the search for processes left behind, an MCP server.
        .filter(({ argv }) => !argv.some((word) => dirname(word) === own))
        .map(({ pid, name, argv }) => ({ pid, name, commandLine: argv.length > 0 ? displayCommandLine(argv) : name }))
    );
  }

  #leaderOf(pid: number): ProcessStat {
    const { platform } = this.#parts;
    const leader = platform.stat(pid);
    if (leader?.alive !== true) {
      this.#births.markShared();
      throw new RequestError('notPossible', `Process ${pid} is not followed: it has ended.`);
    }
    if (!platform.isOwnedByUser(pid)) throw new RequestError('notPossible', `Process ${pid} is not followed: it belongs to another user.`);
    if (platform.isProtected(pid))
      throw new RequestError('notPossible', `Process ${pid} is not followed: the warden itself runs under it.`);
    return leader;
  }

  /** A pid may be one of another machine or container, or another process's by now. */
  #assertOfEditor(leader: ProcessStat, host: number): void {
    const { platform } = this.#parts;
    const editor = platform.stat(platform.stat(host)?.parent ?? 0);
    // An extension host whose editor has ended is a child of what every orphan is a child of, as anything may be.
    const root = editor === undefined || adoptsOrphans(editor) ? host : editor.pid;
    let above = leader.parent;
    for (let depth = 0; depth < maxDepth && above > 0; depth++) {
      if (above === root || above === host) return;
      above = platform.stat(above)?.parent ?? 0;
    }
    throw new RequestError('notPossible', `Process ${leader.pid} is not followed: neither the editor nor an extension has started it.`);
  }

  #add(leader: ProcessStat, request: FollowRequest): ExternalTree {
    const { platform, membership, containers, alive } = this.#parts;
    const { pid, name } = leader;
    if (this.all.filter(({ ended }) => !ended).length >= maxTrees)
      throw new RequestError('notPossible', `Process ${pid} is not followed: there are ${maxTrees} processes that are followed already.`);
    const owner = membersOf(membership.newest).get(pid);
    if (owner !== undefined && !this.#trees.has(owner))
      throw new RequestError('notPossible', `Process ${pid} is not followed: it is a member of a tree that is guarded already.`);
    const mark = this.#births.markFor(leader);
    const id = mark === undefined ? (randomUUID() as TreeId) : treeWithMark(mark);
    const argv = platform.argvOf(pid);
    const commandLine = argv.length > 0 ? displayCommandLine(argv) : name;
    const tree = new ExternalTree(id, leader, commandLine, request, {
      ...{ platform, membership, containers, events: this.#events },
      alive: () => alive(id),
    });
    membership.addExternal(id, leader, platform.descendants([leader], true));
    this.#trees.set(id, tree);
    this.#parts.onChange();
    return tree;
  }

  /** What the editor itself runs under would end with it. */
  #assertMayEnd(tree: ExternalTree): void {
    const { platform, alive } = this.#parts;
    const spared = alive(tree.id).find(({ pid }) => platform.isProtected(pid));
    if (spared)
      throw new RequestError(
        'notPossible',
        `'${tree.request.name}' is not guarded: the warden itself runs under ${spared.name} (pid ${spared.pid}), which belongs to it.`,
      );
  }

  #ended(id: TreeId): void {
    this.#parts.removeRecord(id);
    this.#parts.membership.forgetSession(id);
    for (const old of this.all.filter(({ ended }) => ended).slice(0, -endedKept)) this.forget(old);
    this.#parts.onChange();
    this.#onEnded();
  }
}

/** The first process, or the user's service manager. */
function adoptsOrphans({ pid, name }: ProcessStat): boolean {
  return pid === 1 || name === 'systemd';
}

/** The tree of each member, by pid. */
function membersOf({ members }: Census): Map<number, TreeId> {
  return new Map([...members].flatMap(([tree, processes]) => processes.map(({ pid }): [number, TreeId] => [pid, tree])));
}
