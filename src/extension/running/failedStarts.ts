import * as vscode from 'vscode';
import type { NameAnswer, NameFailure } from '../../protocol/declare.ts';
import { errorCodes } from '../../protocol/errorCodes.ts';
import { instanceName, instanceOf } from '../../protocol/names.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { labelOf } from '../../protocol/trees.ts';
import { messageText } from '../localized.ts';

/** Codes of starts that a later wish has taken back, or that were not needed: they have not failed. */
const calledOff: ReadonlySet<number> = new Set([errorCodes.superseded, errorCodes.connectionClosed, errorCodes.nameTaken]);

/** Processes could not be started; the message has a sentence for each. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure';
  /** Of the instances. */
  readonly processes: readonly string[];
  /** A later stop has taken the start back: nothing has gone wrong. */
  readonly isCalledOff: boolean;

  constructor(failures: readonly NameFailure[]) {
    super(failures.map(sentenceOf).join('\n'));
    this.processes = failures.map(nameOf);
    this.isCalledOff = failures.every(({ code }) => code === errorCodes.superseded);
  }
}

/** What could not be started, and why: rows show it until the next start, or until its declaration is another one. */
export class FailedStarts implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  /** By instance. */
  readonly #failures = new Map<string, { readonly reason: string; readonly at: number; readonly declaration: string }>();

  /** `specOf`: what an instance is started by. */
  note({ trees, failures }: NameAnswer, specOf: (instance: string) => unknown): void {
    for (const { name } of trees) this.#failures.delete(name);
    for (const failure of failures) {
      const name = nameOf(failure);
      // Of an earlier start, which this one has replaced.
      this.#failures.delete(name);
      if (calledOff.has(failure.code)) continue;
      this.#failures.set(name, { reason: messageText(failure), at: Date.now(), declaration: JSON.stringify(specOf(name)) });
    }
    if (trees.length + failures.length > 0) this.#changed.fire();
  }

  /** Why the last start of this instance has failed, as a sentence. */
  reasonOf(name: string, tree: TreeSnapshot | undefined, spec: unknown): string | undefined {
    const failure = this.#failures.get(name);
    if (failure === undefined || failure.declaration !== JSON.stringify(spec)) return undefined;
    return tree !== undefined && tree.startedAt > failure.at ? undefined : failure.reason;
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

/** The first instance has the name of its pool. */
function nameOf({ name }: NameFailure): string {
  const { spec, instance } = instanceOf(name);
  return instanceName(spec, instance);
}

/** With the name of the process in front, where the sentence does not have it. */
function sentenceOf(failure: NameFailure): string {
  const name = nameOf(failure);
  const reason = messageText(failure);
  if (reason.includes(`'${name}'`)) return reason;
  return vscode.l10n.t('“{0}” could not be started. {1}', labelOf({ name }), reason);
}
