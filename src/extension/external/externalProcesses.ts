import * as vscode from 'vscode';
import type { WardenClient } from '../../client/wardenClient.ts';
import type { ExternalKind, Guard } from '../../protocol/external.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import type { StopStep } from '../../protocol/startRequest.ts';
import { asReason, localizable } from '../../protocol/texts.ts';
import { errorText } from '../localized.ts';
import { tellError, tellWarning } from '../tell.ts';
import type { WardenLink } from '../wardenLink.ts';
import { letBegin, registerGuardedTerminals } from './guardedTerminal.ts';
import { type GuardSettings, guardFor, isAlwaysGuarded, isAnyGuarded, readGuardSettings, settingNames } from './guardRules.ts';
import { HostChildren } from './hostChildren.ts';
import { type ExternalProcess, ExternalSources } from './sources.ts';

/** What a terminal hears when it is closed, and what stops most programs. */
const stopSteps: Readonly<Record<ExternalKind, readonly StopStep[]>> = {
  terminal: [{ signal: 'SIGHUP' }, { waitMillis: 1000 }, { signal: 'SIGTERM' }, { waitMillis: 2000 }],
  task: [{ signal: 'SIGTERM' }, { waitMillis: 3000 }],
  debug: [{ signal: 'SIGTERM' }, { waitMillis: 3000 }],
  extension: [{ signal: 'SIGTERM' }, { waitMillis: 3000 }],
};

/** How long a process may take to end behind the one that has started it, in milliseconds. */
const settleMillis = 1000;

/** Longest name that a row gets, in characters. */
const maxName = 200;

interface Followed {
  readonly process: Pick<ExternalProcess, 'pid' | 'name'> & { readonly kind: ExternalKind };
  readonly tree: Promise<TreeId | undefined>;
}

/**
 * The processes that the editor and other extensions have started: has the window's warden follow them, as firmly as the settings and the user say, and
 * tells of what one of them leaves behind.
 */
export class ExternalProcesses implements vscode.Disposable {
  readonly #link: WardenLink;
  readonly #log: vscode.LogOutputChannel;
  readonly #sources = new ExternalSources();
  readonly #children: HostChildren;
  readonly #followed = new Map<number, Followed>();
  /** What the user has said of a process, by its pid, whatever the settings say. */
  readonly #chosen = new Map<number, Guard>();
  readonly #notified = new Set<TreeId>();
  readonly #subscriptions: readonly vscode.Disposable[];
  #settings = readSettings();
  #isShown = false;
  #isClosing = false;

  constructor(link: WardenLink, log: vscode.LogOutputChannel) {
    this.#link = link;
    this.#log = log;
    this.#children = new HostChildren(link, (process) => this.#follow(process));
    this.#subscriptions = [
      this.#sources,
      this.#children,
      this.#sources.onDidStart((process) => void this.#started(process)),
      this.#sources.onDidEnd(({ pid }) => void this.#ended(pid)),
      registerGuardedTerminals(),
      link.onDidConnect(() => this.#followAgain()),
      link.onDidChangeTrees(() => this.#look()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('treeWarden.guard')) this.#readSettings();
      }),
    ];
    this.#update();
  }

  /** Those that nothing guards are looked at only while they are shown. */
  set isShown(shown: boolean) {
    if (this.#isShown === shown) return;
    this.#isShown = shown;
    this.#update();
  }

  /** Shows the terminal in which it runs; false where it has none. */
  reveal({ leader }: TreeSnapshot): boolean {
    const terminal = leader && this.#sources.terminalOf(leader.pid);
    terminal?.show(true);
    return terminal !== undefined;
  }

  /** As the user says, from now on; the settings no longer count for it. */
  async setGuard(tree: TreeSnapshot, guard: Guard): Promise<void> {
    if (tree.leader) this.#chosen.set(tree.leader.pid, guard);
    await (await this.#link.clientOf(tree.id)).external.setGuard(tree.id, guard);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #readSettings(): void {
    this.#settings = readSettings();
    this.#update();
  }

  #update(): void {
    for (const process of this.#sources.running) this.#follow(process);
    for (const { process } of this.#followed.values()) if (!this.#sources.isRunning(process.pid)) this.#follow(process);
    this.#children.isWanted = this.#isShown || isAnyGuarded(this.#settings, 'extension');
    void this.#markHosts();
  }

  /** A shell that waits begins in any case: a terminal that does not would be worse than one that is not guarded. */
  async #started({ waiting, ...process }: ExternalProcess): Promise<void> {
    if (waiting) this.#chosen.set(process.pid, 'guarded');
    this.#follow(process);
    if (!waiting) return;
    const tree = await this.#followed.get(process.pid)?.tree;
    if (tree === undefined) void tellError(vscode.l10n.t('This terminal is not guarded: see the output “Tree Warden”.'));
    letBegin(waiting);
  }

  /** What is to be guarded is known from its birth on; for what is only told of, no warden is started before there is something. */
  async #markHosts(): Promise<void> {
    const kinds = Object.keys(settingNames) as ExternalKind[];
    const marked = kinds.some((kind) => isAnyGuarded(this.#settings, kind));
    if (!this.#link.isConnected && !kinds.some((kind) => isAlwaysGuarded(this.#settings, kind))) return;
    try {
      await (await this.#link.client()).external.markHosts(process.pid, marked);
    } catch (error) {
      this.#log.info(`Processes are not marked at their birth: ${errorText(error)}`);
    }
  }

  #guardOf({ pid, kind, name }: Followed['process']): Guard {
    return this.#chosen.get(pid) ?? guardFor(this.#settings, kind, name);
  }

  #follow(process: Followed['process']): void {
    const guard = this.#guardOf(process);
    const known = this.#followed.get(process.pid);
    if (guard === 'watched' && !this.#isShown) {
      if (known) void this.#forget(known);
      return;
    }
    const tree = this.#ask(process);
    this.#followed.set(process.pid, { process, tree });
  }

  /** Undefined where it has ended meanwhile, or must not be followed. */
  async #ask(asked: Followed['process']): Promise<TreeId | undefined> {
    const { pid, kind, name } = asked;
    // A window that shows no folder cannot be known again; and what is debugged, or an extension has started, does not outlive the extension host.
    const isKept = this.#link.isKnownAgain && (kind === 'terminal' || kind === 'task');
    const keepMillis = isKept ? vscode.workspace.getConfiguration('treeWarden').get('reloadGrace', 30) * 1000 : 0;
    try {
      const client = await this.#link.client();
      // By now it is known what was guarded before a reload.
      const guard = this.#guardOf(asked);
      const { id } = await client.external.follow({
        pid,
        host: process.pid,
        kind,
        name: (name || kind).slice(0, maxName),
        guard,
        stop: stopSteps[kind],
        keepMillis,
      });
      return id;
    } catch (error) {
      this.#log.info(`${kind} ${name}: ${errorText(error)}`);
      return undefined;
    }
  }

  /** There is another warden. With one that was there before a reload, everything stays as the user has chosen. */
  #followAgain(): void {
    for (const { external, leader, name } of this.#link.external) {
      if (leader === undefined || external === undefined || this.#chosen.has(leader.pid)) continue;
      if (guardFor(this.#settings, external.kind, name) !== external.guard) this.#chosen.set(leader.pid, external.guard);
    }
    void this.#markHosts();
    for (const { process } of this.#followed.values()) this.#follow(process);
  }

  async #forget({ process, tree }: Followed): Promise<void> {
    this.#followed.delete(process.pid);
    await this.#withClient(tree, (client, id) => client.external.forget(id));
  }

  /** The window goes. What the editor ends from here on may be there again after a reload: the warden waits for that. */
  release(): void {
    this.#isClosing = true;
  }

  /** The editor has ended it: what is left of a guarded one ends too, and this waits for no look. */
  async #ended(pid: number): Promise<void> {
    if (this.#isClosing) return;
    const known = this.#followed.get(pid);
    this.#followed.delete(pid);
    const guard = known && this.#guardOf(known.process);
    this.#chosen.delete(pid);
    if (known && guard === 'guarded')
      await this.#withClient(known.tree, async (client, tree) => {
        const { state, reason } = await client.stop({ tree, now: false, ...asReason(localizable('endedByEditor')) });
        if (state === 'unkillable') void tellError(vscode.l10n.t('“{0}” could not be stopped: {1}', known.process.name, reason));
      });
  }

  #look(): void {
    // A pid that is free again may be another process's.
    for (const { leader, endedAt } of this.#link.external)
      if (leader && endedAt !== undefined && !this.#sources.isRunning(leader.pid)) {
        this.#followed.delete(leader.pid);
        this.#chosen.delete(leader.pid);
      }
    const listed = new Set(this.#link.external.map(({ id }) => id));
    for (const id of this.#notified) if (!listed.has(id)) this.#notified.delete(id);
    for (const tree of this.#link.external) {
      if (!hasLeft(tree) || this.#notified.has(tree.id)) continue;
      this.#notified.add(tree.id);
      setTimeout(() => this.#stillLeft(tree.id), settleMillis);
    }
  }

  /** What was only a moment behind its first process is gone by now. */
  #stillLeft(id: TreeId): void {
    const tree = this.#link.external.find((one) => one.id === id);
    if (this.#isClosing || tree?.external === undefined || !hasLeft(tree)) return;
    this.#tellLeft(tree, tree.external.kind).catch((error: unknown) => void tellError(errorText(error)));
  }

  async #tellLeft(tree: TreeSnapshot, kind: ExternalKind): Promise<void> {
    const left = tree.members.filter(({ zombie }) => !zombie).map(({ name, pid }) => vscode.l10n.t('{0} (pid {1})', name, pid));
    const [kill, keep] = [vscode.l10n.t('Kill'), vscode.l10n.t('Keep')];
    const always = alwaysLabel(kind);
    const message =
      left.length === 1
        ? vscode.l10n.t('“{0}” has ended, and a process that it started is still running: {1}.', tree.name, left.join(', '))
        : vscode.l10n.t(
            '“{0}” has ended, and {1} processes that it started are still running: {2}.',
            tree.name,
            left.length,
            left.join(', '),
          );
    const answer = await tellWarning(message, kill, keep, always);
    const client = await this.#link.clientOf(tree.id);
    if (answer === keep) await client.external.forget(tree.id);
    if (answer === always)
      await vscode.workspace.getConfiguration('treeWarden').update(settingNames[kind], 'on', vscode.ConfigurationTarget.Global);
    if (answer === kill || answer === always) await client.stop({ tree: tree.id, now: false, ...asReason(localizable('stoppedByUser')) });
  }

  async #withClient(tree: Promise<TreeId | undefined>, work: (client: WardenClient, tree: TreeId) => Promise<void>): Promise<void> {
    const id = await tree;
    if (id === undefined || !this.#link.isConnected) return;
    try {
      await work(await this.#link.clientOf(id), id);
    } catch (error) {
      // It has been forgotten, or the warden is gone, and the tree with it.
      this.#log.debug(errorText(error));
    }
  }
}

function hasLeft({ external, members }: TreeSnapshot): boolean {
  return external?.left === true && external.guard === 'marked' && members.some(({ zombie }) => !zombie);
}

function readSettings(): GuardSettings {
  const settings = vscode.workspace.getConfiguration('treeWarden');
  return readGuardSettings((name) => settings.get(name));
}

function alwaysLabel(kind: ExternalKind): string {
  switch (kind) {
    case 'terminal':
      return vscode.l10n.t('Always Kill What Terminals Leave');
    case 'task':
      return vscode.l10n.t('Always Kill What Tasks Leave');
    case 'debug':
      return vscode.l10n.t('Always Kill What Debug Sessions Leave');
    case 'extension':
      return vscode.l10n.t('Always Kill What Extensions Leave');
  }
}
