import * as vscode from 'vscode';
import type { AgentHost, Confinement } from '../../agent/host.ts';
import type { WardenTree } from '../../client/nameVerbs.ts';
import type { NameAnswer } from '../../protocol/declare.ts';
import type { PortHolder } from '../../protocol/listeningPorts.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import type { Processes } from '../processes.ts';
import type { WardenLink } from '../wardenLink.ts';
import type { WorkspaceSpecs } from '../workspaceSpecs.ts';

/** What an agent of the editor acts on: the processes of this window. */
export class WindowHost implements AgentHost {
  readonly #processes: Processes;
  readonly #link: WardenLink;
  readonly #specs: WorkspaceSpecs;
  readonly #wardenScript: string;

  constructor(processes: Processes, link: WardenLink, specs: WorkspaceSpecs, wardenScript: string) {
    this.#processes = processes;
    this.#link = link;
    this.#specs = specs;
    this.#wardenScript = wardenScript;
  }

  /** Asked anew: what the view shows may be some seconds old. */
  async trees(): Promise<readonly WardenTree[]> {
    const known = this.#link.trees;
    if (known.length === 0) return [];
    const clients = new Set(await Promise.all(known.map(({ id }) => this.#link.clientOf(id))));
    const lists = await Promise.all([...clients].map(async (client) => (await client.list()).map((tree) => ({ client, tree }))));
    return lists.flat();
  }

  async declared(): Promise<readonly { readonly name: string; readonly description?: string | undefined }[]> {
    await this.#specs.ready;
    return this.#specs.declared.map(({ name, spec }) => ({ name, description: spec.description }));
  }

  async startDeclared(name: string): Promise<NameAnswer> {
    await this.#specs.ready;
    if (!this.#specs.find(name)) throw new Error(`processes.json declares no '${name}'.`);
    return await this.#processes.startAll(name);
  }

  async declareNewest(): Promise<void> {
    await this.#processes.declareNewest();
  }

  onChange(listener: () => void): vscode.Disposable {
    return this.#link.onDidChangeTrees(listener);
  }

  async startCommand(name: string, command: string, { isolate, join }: Confinement = {}): Promise<TreeSnapshot> {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    if (!folder) throw new Error('A command needs a folder to run in, and this window has none.');
    const { isolateSchema } = await import('../../config/isolation.ts');
    const confinement = { ...(isolate && { isolate: isolateSchema.parse(isolate) }), ...(join !== undefined && { join }) };
    return await this.#processes.startSpec(name, { command, group: 'Agents', ...confinement }, folder);
  }

  async holders(port: number): Promise<readonly PortHolder[]> {
    const { findPortHolders } = await import('../../client/wardenCommands.ts');
    return await findPortHolders(this.#wardenScript, port);
  }
}
