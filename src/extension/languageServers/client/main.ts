/** The language servers of a window: a bundle of its own, which is loaded where a file declares one. */
import * as vscode from 'vscode';
import type { TreeId } from '../../../protocol/identity.ts';
import type { WardenLink } from '../../wardenLink.ts';
import type { DeclaredLanguageServer, WorkspaceSpecs } from '../../workspaceSpecs.ts';
import type { ServerStatus } from '../serverStatus.ts';
import { LanguageServer, type ServerParts } from './languageServer.ts';
import { isSelected } from './selectors.ts';
import type { RunParts } from './serverRun.ts';

export interface HostParts extends Pick<RunParts, 'spawn' | 'resolve'> {
  readonly link: Pick<WardenLink, 'trees' | 'onDidChangeTrees' | 'wantFigures'>;
  readonly specs: Pick<WorkspaceSpecs, 'languageServers' | 'onDidChange'>;
}

/** Interval in milliseconds at which the memory of servers with a bound is looked at. */
const memoryMillis = 2000;

export class ServerHost implements vscode.Disposable {
  readonly #parts: HostParts;
  readonly #servers = new Map<string, LanguageServer>();
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #subscriptions: readonly vscode.Disposable[];
  readonly #serverParts: ServerParts;
  /** Of all servers, also of those that have ended. */
  readonly #trees = new Set<string>();
  #lastSampleAt = 0;

  constructor(parts: HostParts) {
    this.#parts = parts;
    this.#serverParts = {
      spawn: async (name, command, options) => {
        const tree = await parts.spawn(name, command, options);
        this.#trees.add(tree.id);
        return tree;
      },
      resolve: (server, address) => parts.resolve(server, address),
      snapshotOf: (id: TreeId) => parts.link.trees.find((tree) => tree.id === id),
      changed: () => this.#update(),
    };
    this.#subscriptions = [
      parts.specs.onDidChange(() => this.#declare()),
      parts.link.onDidChangeTrees(() => this.#sample()),
      vscode.workspace.onDidOpenTextDocument((document) => this.#startFor(document)),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.#startForDocuments()),
    ];
    this.#declare();
  }

  get all(): readonly ServerStatus[] {
    return [...this.#servers.values()].map(({ status }) => status);
  }

  /** Whether a tree is of a language server, or was. */
  owns(tree: TreeId): boolean {
    return this.#trees.has(tree);
  }

  find(name: string): LanguageServer | undefined {
    return this.#servers.get(name);
  }

  /** The window closes. */
  release(): void {
    for (const server of this.#servers.values()) server.release();
  }

  dispose(): void {
    for (const one of [...this.#subscriptions, ...this.#servers.values(), this.#changed]) one.dispose();
  }

  #declare(): void {
    const declared = new Map<string, DeclaredLanguageServer>(this.#parts.specs.languageServers.map((server) => [server.name, server]));
    for (const server of this.#servers.values()) server.declare(declared.get(server.name));
    for (const [name, server] of declared)
      if (!this.#servers.has(name)) this.#servers.set(name, new LanguageServer(server, this.#serverParts));
    this.#update();
    this.#startForDocuments();
  }

  /** Forgets what no file declares and nothing runs of. */
  #update(): void {
    for (const server of this.#servers.values()) {
      if (!server.status.undeclared || server.isInUse) continue;
      this.#servers.delete(server.name);
      server.dispose();
    }
    const isBounded = [...this.#servers.values()].some(({ declared, hasProcesses }) => {
      const { restart } = declared.spec;
      return hasProcesses && restart !== undefined && restart !== false && restart.aboveMemory !== undefined;
    });
    this.#parts.link.wantFigures('languageServers', isBounded ? memoryMillis : 0);
    this.#changed.fire();
  }

  #startForDocuments(): void {
    for (const document of vscode.workspace.textDocuments) this.#startFor(document);
  }

  #startFor(document: vscode.TextDocument): void {
    for (const server of this.#servers.values()) {
      const { spec, folder } = server.declared;
      if (server.isFresh && spec.autoStart !== false && isSelected(document, spec.documentSelector, folder)) server.start();
    }
  }

  #sample(): void {
    const now = performance.now();
    // Trees change more often than their figures are measured.
    if (now - this.#lastSampleAt < memoryMillis / 2) return;
    this.#lastSampleAt = now;
    for (const server of this.#servers.values()) server.sample();
  }
}
