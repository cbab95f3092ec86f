import * as vscode from 'vscode';
import type { AgentHost, GuardedTree } from '../../agent/host.ts';
import type { PortHolder, TreeSnapshot } from '../../protocol/messages.ts';
import { isRunning, type Processes } from '../processes.ts';
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
  async trees(): Promise<readonly GuardedTree[]> {
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

  async startDeclared(name: string): Promise<readonly TreeSnapshot[]> {
    await this.#specs.ready;
    const pool = this.#processes.pool(name).filter(({ declared }) => declared);
    if (pool.length === 0) throw new Error(`processes.json declares no '${name}'.`);
    const missing = pool.filter((process) => !isRunning(process));
    if (missing.length === 0) throw new Error(`'${name}' is running already.`);
    return await Promise.all(missing.map((process) => this.#processes.start(process.name)));
  }

  async startCommand(name: string, command: string): Promise<TreeSnapshot> {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    if (!folder) throw new Error('A command needs a folder to run in, and this window has none.');
    return await this.#processes.startSpec(name, { command, group: 'Agents' }, folder);
  }

  async holders(port: number): Promise<readonly PortHolder[]> {
    const { findPortHolders } = await import('../../client/wardenProcess.ts');
    return await findPortHolders(this.#wardenScript, port);
  }
}
