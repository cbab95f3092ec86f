import * as vscode from 'vscode';
import { errorText } from '../protocol/errors.ts';
import type { StartRequest, TreeSnapshot } from '../protocol/messages.ts';
import { isLive } from '../protocol/trees.ts';
import { NamedPorts } from '../spec/ports.ts';
import type { ProcessSpec } from '../spec/processSchema.ts';
import { instanceName, instanceOf, resolveInstance, resolveSpec } from '../spec/resolveSpec.ts';
import { Scale } from './scale.ts';
import type { WardenLink } from './wardenLink.ts';
import type { DeclaredProcess, WorkspaceSpecs } from './workspaceSpecs.ts';

/** A name in the view: what is declared under it, what runs under it, or both. */
export interface Process {
  readonly name: string;
  /** The declared name of which it is one of several instances. */
  readonly pool?: string;
  readonly declared: DeclaredProcess | undefined;
  /** The newest tree of that name. */
  readonly tree: TreeSnapshot | undefined;
}

/** Declared specs and running trees brought together by name, and what one can do with them. */
export class Processes implements vscode.Disposable {
  readonly #link: WardenLink;
  readonly #specs: WorkspaceSpecs;
  readonly #ports = new NamedPorts();
  readonly #scale: Scale;
  readonly #subscription: vscode.Disposable;

  constructor(link: WardenLink, specs: WorkspaceSpecs) {
    this.#link = link;
    this.#specs = specs;
    this.#scale = new Scale();
    this.#subscription = specs.onDidChange(() => {
      for (const { name } of this.#scale.takeChanges(specs.declared)) void this.#adjust(name).catch(showError);
    });
  }

  get onDidChangeSpecs(): vscode.Event<void> {
    return this.#specs.onDidChange;
  }

  /** Declared ones in the order of their file, then those that run without being declared. */
  get all(): readonly Process[] {
    const trees = new Map(this.#link.trees.map((tree) => [tree.name, tree]));
    const declared = this.#specs.declared.flatMap((process) => this.#instancesOf(process, trees));
    const names = new Set(declared.map((process) => process.name));
    // An instance that there are not to be any more is over when it has ended.
    const isSurplus = (tree: TreeSnapshot): boolean => tree.pool !== undefined && names.has(tree.pool) && !isLive(tree);
    const others = this.#link.trees.filter((tree) => !names.has(tree.name) && trees.get(tree.name) === tree && !isSurplus(tree));
    return [...declared, ...others.map((tree): Process => ({ name: tree.name, declared: undefined, tree }))];
  }

  get live(): readonly (Process & { readonly tree: TreeSnapshot })[] {
    return this.all.flatMap((process) => (isRunning(process) ? [{ ...process, tree: process.tree }] : []));
  }

  find(name: string): Process | undefined {
    return this.all.find((process) => process.name === name);
  }

  /** All instances of what is declared under this name, or of what is one of them. */
  pool(name: string): readonly Process[] {
    return this.all.filter((process) => (process.pool ?? process.name) === name);
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  /**
   * One instance of what is declared.
   * @throws Error with one sentence where it cannot be started.
   */
  async start(name: string, dimensions?: vscode.TerminalDimensions): Promise<TreeSnapshot> {
    return await this.#startDeclared(name, undefined, dimensions);
  }

  /** Every instance that does not run. */
  async startAll(name: string): Promise<void> {
    await this.#specs.ready;
    await Promise.all(this.pool(name).flatMap((process) => (isRunning(process) ? [] : [this.start(process.name)])));
  }

  async startSpec(
    name: string,
    spec: ProcessSpec,
    folder: vscode.WorkspaceFolder,
    dimensions?: vscode.TerminalDimensions,
    instance?: number,
  ): Promise<TreeSnapshot> {
    if (!vscode.workspace.isTrusted) {
      throw new Error(
        vscode.l10n.t('“{0}” was not started: this workspace is not trusted, and its processes.json says what to run.', name),
      );
    }
    const context = { workspaceFolder: folder.uri.fsPath, env: process.env, portFor: (port: string) => this.#ports.portFor(port) };
    const resolved = instance === undefined ? resolveSpec(name, spec, context) : resolveInstance(name, spec, instance, context);
    const request: StartRequest = { ...(await resolved), ...(dimensions && { dimensions }) };
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
    if (tree && isLive(tree)) await this.stop(tree, false, reason);
    return await this.#startDeclared(name, declared);
  }

  /** How many instances there are to be of what is declared under this name. */
  wanted({ name, spec }: DeclaredProcess): number {
    return this.#scale.wanted(name, spec);
  }

  /** Where any of it runs, starts what is missing, and stops what is too much. */
  async scale(name: string, instances: number): Promise<void> {
    this.#scale.set(name, instances);
    await this.#adjust(name);
  }

  async #adjust(name: string): Promise<void> {
    const declared = this.#specs.find(name);
    const pool = this.pool(name);
    if (!declared || !pool.some(isRunning)) return;
    const wanted = this.wanted(declared);
    const reason = vscode.l10n.t('scaled to {0}', wanted);
    await Promise.all(
      pool.map(async (process) => {
        const isWanted = instanceOf(process.name).instance <= wanted;
        if (isRunning(process) && !isWanted) await this.stop(process.tree, false, reason);
        else if (!isRunning(process) && isWanted) await this.start(process.name);
      }),
    );
  }

  /** As many as there are to be, and what still runs beyond them. */
  #instancesOf(declared: DeclaredProcess, trees: ReadonlyMap<string, TreeSnapshot>): Process[] {
    const { name } = declared;
    const wanted = this.wanted(declared);
    const surplus = [...trees.values()].filter((tree) => tree.pool === name && isLive(tree) && instanceOf(tree.name).instance > wanted);
    const names = [...Array.from({ length: wanted }, (_, index) => instanceName(name, index + 1)), ...surplus.map((tree) => tree.name)];
    const isPool = names.length > 1;
    return names.map((one) => ({ name: one, ...(isPool && { pool: name }), declared, tree: trees.get(one) }));
  }

  async #startDeclared(name: string, otherwise?: DeclaredProcess, dimensions?: vscode.TerminalDimensions): Promise<TreeSnapshot> {
    await this.#specs.ready;
    const { spec: specName, instance } = instanceOf(name);
    const declared = this.#specs.find(specName) ?? otherwise;
    if (!declared) throw new Error(vscode.l10n.t('There is no process “{0}” in processes.json.', name));
    const number = this.wanted(declared) > 1 || instance > 1 ? instance : undefined;
    return await this.startSpec(specName, declared.spec, declared.folder, dimensions, number);
  }
}

export function isRunning<P extends Process>(process: P): process is P & { readonly tree: TreeSnapshot } {
  return process.tree !== undefined && isLive(process.tree);
}

function showError(error: unknown): void {
  void vscode.window.showErrorMessage(errorText(error));
}
