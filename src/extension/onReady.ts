import * as vscode from 'vscode';
import type { OnReady } from '../config/onReady.ts';
import type { TreeId } from '../protocol/identity.ts';
import { instanceOf } from '../protocol/names.ts';
import { hostListening, tcpPorts } from '../protocol/ports.ts';
import { pause } from '../protocol/timers.ts';
import { isLive } from '../protocol/trees.ts';
import { errorText } from './localized.ts';
import { ReadyWatch } from './readyWatch.ts';
import { tellError, tellWarning } from './tell.ts';
import type { WardenLink } from './wardenLink.ts';
import type { DeclaredProcess, WorkspaceSpecs } from './workspaceSpecs.ts';

/** How long after it is ready a process may take to listen on a port, and how often that is looked up, in milliseconds. */
const portWait = { millis: 10_000, everyMillis: 250 };

/** Does what processes.json declares as `onReady`, each time a process of this window becomes ready. */
export class OnReadyActions implements vscode.Disposable {
  readonly #link: WardenLink;
  readonly #specs: WorkspaceSpecs;
  readonly #openedAt = Date.now();
  readonly #watch = new ReadyWatch(this.#openedAt);
  readonly #subscription: vscode.Disposable;
  /** Debug sessions that run, by {@link sessionKey}. */
  readonly #sessions = new Map<string, vscode.DebugSession>();

  constructor(link: WardenLink, specs: WorkspaceSpecs) {
    this.#link = link;
    this.#specs = specs;
    this.#subscription = vscode.Disposable.from(
      link.onDidChangeTrees(() => this.#look()),
      vscode.debug.onDidStartDebugSession((session) => this.#sessions.set(keyOf(session), session)),
      vscode.debug.onDidTerminateDebugSession((session) => {
        const key = keyOf(session);
        if (this.#sessions.get(key)?.id === session.id) this.#sessions.delete(key);
      }),
    );
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  #look(): void {
    if (this.#watch.hasBegun) for (const { id, name } of this.#watch.look(this.#link.trees)) this.#act(id, name);
    else void this.#link.resumed.then(() => this.#watch.hasBegun || this.#watch.begin(this.#link.trees));
  }

  #act(tree: TreeId, name: string): void {
    const { spec: declared, instance } = instanceOf(name);
    const process = this.#specs.find(declared);
    const action = process?.spec.onReady;
    // Of several instances, the first stands for all. A file that is not trusted decides nothing, whatever has started the process.
    if (process === undefined || action === undefined || instance > 1 || !vscode.workspace.isTrusted) return;
    this.#run(action, process, tree).catch((error: unknown) => void tellError(errorText(error)));
  }

  async #run(action: OnReady, process: DeclaredProcess, tree: TreeId): Promise<void> {
    if (typeof action !== 'string') {
      await this.#debug(action.debug, process);
      return;
    }
    const url = await this.#urlOf(tree);
    if (url === undefined) {
      if (this.#isThere(tree))
        void tellWarning(vscode.l10n.t('“{0}” is ready, but does not listen on a TCP port, so there is no page to open.', process.name));
    } else if (action === 'open') await vscode.commands.executeCommand('simpleBrowser.show', url.toString(true));
    else await vscode.env.openExternal(url);
  }

  async #debug(configuration: string, { name, folder }: DeclaredProcess): Promise<void> {
    const running = this.#sessions.get(sessionKey(folder, configuration));
    // One that was attached to the process before this one; a browser that it has launched stays.
    if (running?.configuration.request === 'attach') await vscode.debug.stopDebugging(running);
    else if (running !== undefined) return;
    if (!(await vscode.debug.startDebugging(folder, configuration)))
      throw new Error(vscode.l10n.t('“{0}” is ready, but the launch configuration “{1}” could not be started.', name, configuration));
  }

  /** Of the lowest TCP port that it listens on; undefined where there is none in time. */
  async #urlOf(tree: TreeId): Promise<vscode.Uri | undefined> {
    const until = performance.now() + portWait.millis;
    while (this.#isThere(tree)) {
      const client = await this.#link.clientOf(tree);
      const members = (await client.list()).find(({ id }) => id === tree)?.members ?? [];
      const [port] = tcpPorts(members);
      const isRemote = vscode.env.remoteName !== undefined;
      if (port !== undefined)
        return await vscode.env.asExternalUri(vscode.Uri.parse(`http://${hostListening(members, port, isRemote)}:${port}`));
      if (performance.now() > until) return undefined;
      await pause(portWait.everyMillis);
    }
    return undefined;
  }

  #isThere(tree: TreeId): boolean {
    return this.#link.trees.some((one) => one.id === tree && isLive(one));
  }
}

/** Folders of one window may have configurations of the same name. */
function sessionKey(folder: vscode.WorkspaceFolder | undefined, configuration: string): string {
  return `${folder?.uri.toString() ?? ''} ${configuration}`;
}

function keyOf({ workspaceFolder, configuration }: vscode.DebugSession): string {
  return sessionKey(workspaceFolder, configuration.name);
}
