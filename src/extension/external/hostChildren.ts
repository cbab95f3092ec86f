import * as vscode from 'vscode';
import type { HostChild } from '../../protocol/externalRequests.ts';
import type { WardenLink } from '../wardenLink.ts';
import { childName } from './childName.ts';

/** How often the children of the extension host are looked for, in milliseconds: the editor tells of none of them. */
const lookMillis = 2000;

export interface FoundChild {
  readonly pid: number;
  readonly kind: 'extension';
  readonly name: string;
}

/** Finds the processes that other extensions have started. */
export class HostChildren implements vscode.Disposable {
  readonly #link: WardenLink;
  readonly #onFound: (process: FoundChild) => void;
  /** By pid; one that is gone is forgotten, so that its pid may be another one's. */
  #known = new Map<number, string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(link: WardenLink, onFound: (process: FoundChild) => void) {
    this.#link = link;
    this.#onFound = onFound;
  }

  set isWanted(wanted: boolean) {
    if (wanted === (this.#timer !== undefined)) return;
    clearInterval(this.#timer);
    this.#timer = wanted ? setInterval(() => void this.#look(), lookMillis) : undefined;
    this.#known = new Map();
    if (wanted) void this.#look();
  }

  dispose(): void {
    this.isWanted = false;
  }

  async #look(): Promise<void> {
    // No warden is started for this alone.
    if (!this.#link.isConnected || this.#timer === undefined) return;
    const children = await this.#ask();
    const before = this.#known;
    this.#known = new Map(children.map(({ pid, commandLine }) => [pid, commandLine]));
    for (const child of children)
      if (before.get(child.pid) !== child.commandLine) this.#onFound({ pid: child.pid, kind: 'extension', name: nameOf(child) });
  }

  async #ask(): Promise<readonly HostChild[]> {
    try {
      return await (await this.#link.client()).external.hostChildren(process.pid);
    } catch {
      return []; // The next look asks again.
    }
  }
}

function nameOf(child: HostChild): string {
  return childName(
    child,
    vscode.extensions.all.map(({ extensionPath, packageJSON }) => ({ path: extensionPath, name: String(packageJSON?.name ?? '') })),
  );
}
