import * as vscode from 'vscode';
import type { StartRequest, TreeSnapshot } from '../protocol/messages.ts';
import { NamedPorts } from '../spec/ports.ts';
import { resolveSpec } from '../spec/resolveSpec.ts';
import type { ProcessSpec } from '../spec/schema.ts';
import type { WardenLink } from './wardenLink.ts';
import type { DeclaredProcess, WorkspaceSpecs } from './workspaceSpecs.ts';

/** A name in the view: what is declared under it, what runs under it, or both. */
export interface Process {
  readonly name: string;
  readonly declared: DeclaredProcess | undefined;
  /** The newest tree of that name. */
  readonly tree: TreeSnapshot | undefined;
}

/** Declared specs and running trees brought together by name, and what one can do with them. */
export class Processes {
  readonly #link: WardenLink;
  readonly #specs: WorkspaceSpecs;
  readonly #ports = new NamedPorts();

  constructor(link: WardenLink, specs: WorkspaceSpecs) {
    this.#link = link;
    this.#specs = specs;
  }

  get onDidChangeSpecs(): vscode.Event<void> {
    return this.#specs.onDidChange;
  }

  /** Declared ones in the order of their file, then those that run without being declared. */
  get all(): readonly Process[] {
    const trees = new Map(this.#link.trees.map((tree) => [tree.name, tree]));
    const declared = this.#specs.declared.map(
      (process): Process => ({ name: process.name, declared: process, tree: trees.get(process.name) }),
    );
    const names = new Set(declared.map((process) => process.name));
    const others = this.#link.trees.filter((tree) => !names.has(tree.name) && trees.get(tree.name) === tree);
    return [...declared, ...others.map((tree): Process => ({ name: tree.name, declared: undefined, tree }))];
  }

  get live(): readonly (Process & { readonly tree: TreeSnapshot })[] {
    return this.all.flatMap((process) => (isRunning(process) ? [{ ...process, tree: process.tree }] : []));
  }

  find(name: string): Process | undefined {
    return this.all.find((process) => process.name === name);
  }

  /** @throws Error with one sentence where it cannot be started. */
  async start(name: string, dimensions?: vscode.TerminalDimensions): Promise<TreeSnapshot> {
    return await this.#startDeclared(name, undefined, dimensions);
  }

  async startSpec(
    name: string,
    spec: ProcessSpec,
    folder: vscode.WorkspaceFolder,
    dimensions?: vscode.TerminalDimensions,
  ): Promise<TreeSnapshot> {
    if (!vscode.workspace.isTrusted) {
      throw new Error(
        vscode.l10n.t('“{0}” was not started: this workspace is not trusted, and its processes.json says what to run.', name),
      );
    }
    const request: StartRequest = {
      ...(await resolveSpec(name, spec, {
        workspaceFolder: folder.uri.fsPath,
        env: process.env,
        portFor: (port) => this.#ports.portFor(port),
      })),
      ...(dimensions && { dimensions }),
    };
    return await (await this.#link.client(spec.lifetime)).start(request);
  }

  /** Resolves when nobody of it is left. */
  async stop(tree: TreeSnapshot, now: boolean, reason: string): Promise<TreeSnapshot> {
    return await (await this.#link.clientOf(tree.id)).stop({ tree: tree.id, now, reason });
  }

  /** Stops it where it runs, then starts what is declared by then; what was, where nothing is any more. */
  async restart({ name, declared, tree }: Process): Promise<TreeSnapshot> {
    const reason = vscode.l10n.t('restarted by the user');
    if (declared === undefined && tree) return await (await this.#link.clientOf(tree.id)).restart({ tree: tree.id, now: false, reason });
    if (tree && tree.endedAt === undefined) await this.stop(tree, false, reason);
    return await this.#startDeclared(name, declared);
  }

  async #startDeclared(name: string, otherwise?: DeclaredProcess, dimensions?: vscode.TerminalDimensions): Promise<TreeSnapshot> {
    await this.#specs.ready;
    const declared = this.#specs.find(name) ?? otherwise;
    if (!declared) throw new Error(vscode.l10n.t('There is no process “{0}” in processes.json.', name));
    return await this.startSpec(name, declared.spec, declared.folder, dimensions);
  }
}

export function isRunning<P extends Process>(process: P): process is P & { readonly tree: TreeSnapshot } {
  return process.tree !== undefined && process.tree.endedAt === undefined;
}
