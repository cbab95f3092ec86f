import * as vscode from 'vscode';
import type { WardenClient } from '../client/wardenClient.ts';
import type { ProcessSpec } from '../config/processSchema.ts';
import { resolveSpec } from '../config/resolveSpec.ts';
import type { NameAnswer } from '../protocol/declare.ts';
import { instanceName, instanceOf } from '../protocol/names.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { isLive } from '../protocol/trees.ts';
import type { DeclaredNames } from './declaredNames.ts';
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
  /** What runs was started with another declaration than the newest one. */
  readonly changed?: boolean;
  /** It runs, and no file declares it any more. */
  readonly undeclared?: boolean;
}

/** Declared specs and running trees brought together by name, and what one can do with them. */
export class Processes {
  readonly #link: WardenLink;
  readonly #specs: WorkspaceSpecs;
  readonly #names: DeclaredNames;

  constructor(link: WardenLink, specs: WorkspaceSpecs, names: DeclaredNames) {
    this.#link = link;
    this.#specs = specs;
    this.#names = names;
  }

  get onDidChangeSpecs(): vscode.Event<void> {
    return this.#specs.onDidChange;
  }

  /** What is desired of a declared name has changed, or what it runs with. */
  get onDidChangeNames(): vscode.Event<void> {
    return this.#names.onDidChange;
  }

  /** Declared ones in the order of their file, then those that run without being declared. */
  get all(): readonly Process[] {
    const trees = new Map(this.#link.trees.map((tree) => [tree.name, tree]));
    const declared = this.#specs.declared.flatMap((process) => this.#instancesOf(process, trees));
    const names = new Set(declared.map((process) => process.name));
    // An instance that there are not to be any more is over when it has ended.
    const isSurplus = (tree: TreeSnapshot): boolean => tree.pool !== undefined && names.has(tree.pool) && !isLive(tree);
    const others = this.#link.trees.filter((tree) => !names.has(tree.name) && trees.get(tree.name) === tree && !isSurplus(tree));
    return [...declared, ...others.map((tree): Process => this.#undeclared(tree))];
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

  /**
   * One instance of what is declared.
   * @throws Error with one sentence where it cannot be started.
   */
  async start(name: string, dimensions?: vscode.TerminalDimensions): Promise<TreeSnapshot> {
    const client = await this.#clientFor(await this.#declaredAs(name));
    const [tree] = treesOf(await client.names.start({ name: instanceLabel(name), ...(dimensions && { dimensions }) }));
    if (!tree) throw new Error(vscode.l10n.t('“{0}” is running already.', name));
    return tree;
  }

  /** Every instance that does not run; what was there before this window is known first. */
  async startAll(name: string): Promise<NameAnswer> {
    await this.#link.resumed;
    const client = await this.#clientFor(await this.#declaredAs(name));
    return await client.names.start({ name });
  }

  /** Has the wardens know what the files say by now. */
  async declareNewest(): Promise<void> {
    await this.#names.declareNewest();
  }

  /** @throws Error with one sentence where the workspace is not trusted, or the spec cannot be resolved. */
  async startSpec(
    name: string,
    spec: ProcessSpec,
    folder: vscode.WorkspaceFolder,
    dimensions?: vscode.TerminalDimensions,
  ): Promise<TreeSnapshot> {
    assertTrusted(name);
    const client = await this.#names.clientFor(spec.lifetime);
    const context = { workspaceFolder: folder.uri.fsPath, env: process.env, portFor: (port: string) => client.names.port(port) };
    return await client.start({ ...(await resolveSpec(name, spec, context)), ...(dimensions && { dimensions }) });
  }

  /** Resolves when no process of it is left. */
  async stop(tree: TreeSnapshot, now: boolean, reason: string): Promise<TreeSnapshot> {
    return await (await this.#link.clientOf(tree.id)).stop({ tree: tree.id, now, reason });
  }

  /** One operation, which a stop calls off: ends it where it runs, and starts what is declared by then; what was, where nothing is any more. */
  async restart({ name, declared, tree }: Process): Promise<TreeSnapshot> {
    const now = this.#specs.find(instanceOf(name).spec) ?? declared;
    const reason = vscode.l10n.t('restarted by the user');
    if (now === undefined) {
      if (!tree) throw noSuchProcess(name);
      return await (await this.#link.clientOf(tree.id)).restart({ tree: tree.id, now: false, reason });
    }
    // It moves to another warden.
    if (tree && isLive(tree) && (now.spec.lifetime ?? 'managed') !== tree.lifetime) await this.stop(tree, false, reason);
    const client = await this.#clientFor(now);
    const [next] = treesOf(await client.names.restart({ name: instanceLabel(name), reason }));
    return next ?? (await this.start(name));
  }

  /**
   * One instance after the other, so that the others go on serving.
   * @throws Error with a sentence for each one that could not be restarted.
   */
  async restartAll(name: string): Promise<void> {
    const client = await this.#clientFor(await this.#declaredAs(name));
    treesOf(await client.names.restart({ name, reason: vscode.l10n.t('restarted by the user') }));
  }

  /** Number of instances that there are to be of what is declared under this name. */
  wanted({ name, spec }: DeclaredProcess): number {
    const { origin, instances } = this.#names.status(name) ?? {};
    return origin !== undefined && instances !== undefined ? instances : (spec.instances ?? 1);
  }

  /** Where any of it runs, starts what is missing, and stops what is too much; else it is remembered. */
  async scale(name: string, instances: number): Promise<void> {
    const client = await this.#clientFor(await this.#declaredAs(name));
    treesOf(await client.names.scale({ name, instances, reason: vscode.l10n.t('scaled to {0}', instances) }));
  }

  /** As many as there are to be, and what still runs beyond them. */
  #instancesOf(declared: DeclaredProcess, trees: ReadonlyMap<string, TreeSnapshot>): Process[] {
    const { name } = declared;
    const wanted = this.wanted(declared);
    const changed = new Set(this.#names.status(name)?.running.flatMap((one) => (one.changed ? one.tree : [])));
    const surplus = [...trees.values()].filter((tree) => tree.pool === name && isLive(tree) && instanceOf(tree.name).instance > wanted);
    const names = [...Array.from({ length: wanted }, (_, index) => instanceName(name, index + 1)), ...surplus.map((tree) => tree.name)];
    const isPool = names.length > 1;
    return names.map((one): Process => {
      const tree = trees.get(one);
      return { name: one, ...(isPool && { pool: name }), declared, tree, ...(tree && changed.has(tree.id) && { changed: true }) };
    });
  }

  #undeclared(tree: TreeSnapshot): Process {
    const status = this.#names.status(instanceOf(tree.name).spec);
    const isForgotten = status !== undefined && status.origin === undefined && status.running.some((one) => one.tree === tree.id);
    return { name: tree.name, declared: undefined, tree, ...(isForgotten && { undeclared: true }) };
  }

  async #declaredAs(name: string): Promise<DeclaredProcess> {
    await this.#specs.ready;
    const declared = this.#specs.find(instanceOf(name).spec);
    if (!declared) throw noSuchProcess(name);
    return declared;
  }

  /** @throws Error with one sentence where the workspace is not trusted, or there is no warden. */
  async #clientFor({ name, spec }: DeclaredProcess): Promise<WardenClient> {
    assertTrusted(name);
    return await this.#names.clientFor(spec.lifetime);
  }
}

function assertTrusted(name: string): void {
  if (!vscode.workspace.isTrusted)
    throw new Error(
      vscode.l10n.t('“{0}” was not started, because this workspace is not trusted and its processes.json contains commands.', name),
    );
}

function noSuchProcess(name: string): Error {
  return new Error(vscode.l10n.t('There is no process “{0}” in processes.json.', name));
}

/** The name of one instance, as the warden knows it apart from its pool. */
function instanceLabel(name: string): string {
  const { spec, instance } = instanceOf(name);
  return `${spec}#${instance}`;
}

/** @throws Error with a sentence for each instance that failed. */
function treesOf({ trees, failures }: NameAnswer): readonly TreeSnapshot[] {
  if (failures.length > 0) throw new Error(failures.map(({ message }) => message).join('\n'));
  return trees;
}

export function isRunning<P extends Process>(process: P): process is P & { readonly tree: TreeSnapshot } {
  return process.tree !== undefined && isLive(process.tree);
}
