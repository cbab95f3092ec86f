import * as vscode from 'vscode';
import { maxInstances } from '../protocol/policies.ts';
import type { Process, Processes } from './processes.ts';
import { askText } from './tell.ts';

/** Asks for the number of instances, and scales the process to it. */
export async function askScale(processes: Processes, { name, pool, declared }: Process): Promise<void> {
  if (!declared) return;
  const spec = pool ?? name;
  const count = await askCount(spec, vscode.l10n.t('Number of instances to run'), processes.wanted(declared));
  if (count !== undefined) await processes.scale(spec, count);
}

/** Undefined when the user cancels. */
export async function askCount(name: string, prompt: string, now: number): Promise<number | undefined> {
  const answer = await askText({
    title: vscode.l10n.t('Scale {0}', name),
    prompt,
    value: String(now),
    validateInput: (text) =>
      /^[1-9]\d*$/.test(text.trim()) && Number(text) <= maxInstances
        ? undefined
        : vscode.l10n.t('Enter a whole number from 1 to {0}.', maxInstances),
  });
  return answer === undefined ? undefined : Number(answer);
}
