import * as vscode from 'vscode';
import { maxInstances } from '../protocol/policies.ts';
import type { ProcessSpec } from '../spec/processSchema.ts';
import type { Process, Processes } from './processes.ts';

interface Declared {
  readonly name: string;
  readonly spec: ProcessSpec;
}

/** How many instances of each spec there are to be: what its file says, until somebody says otherwise. */
export class Scale {
  /** What the files said when they were looked at last. */
  readonly #declared = new Map<string, number>();
  readonly #chosen = new Map<string, number>();

  wanted(name: string, { instances = 1 }: ProcessSpec): number {
    return this.#chosen.get(name) ?? instances;
  }

  /** For as long as the file says nothing else. */
  set(name: string, instances: number): void {
    this.#chosen.set(name, instances);
  }

  /** Those of which the file says something else than before: that counts now. */
  takeChanges<D extends Declared>(declared: readonly D[]): D[] {
    return declared.filter(({ name, spec: { instances = 1 } }) => {
      const before = this.#declared.get(name);
      this.#declared.set(name, instances);
      if (before === undefined || before === instances) return false;
      this.#chosen.delete(name);
      return true;
    });
  }
}

/** Asks how many instances there are to be, and sees to it. */
export async function askScale(processes: Processes, { name, pool, declared }: Process): Promise<void> {
  if (!declared) return;
  const spec = pool ?? name;
  const count = await askCount(spec, vscode.l10n.t('How many instances are to run'), processes.wanted(declared));
  if (count !== undefined) await processes.scale(spec, count);
}

/** Undefined where the user would rather not say. */
export async function askCount(name: string, prompt: string, now: number): Promise<number | undefined> {
  const answer = await vscode.window.showInputBox({
    title: vscode.l10n.t('Scale {0}', name),
    prompt,
    value: String(now),
    validateInput: (text) =>
      /^[1-9]\d*$/.test(text.trim()) && Number(text) <= maxInstances
        ? undefined
        : vscode.l10n.t('A whole number from 1 to {0}', maxInstances),
  });
  return answer === undefined ? undefined : Number(answer);
}
