/**
 * What was spent of budgets of models: a file for each budget and period, to which every warden that counts it appends. A line has the requests and tokens that have
 * come since its writer's last one. Each begins with a line break, so that one that was torn costs itself alone.
 */
import { join } from 'node:path';
import { periodOf, periodPattern } from '../protocol/budgetPeriods.ts';
import { budgetId, type Spending } from '../protocol/remoteModels.ts';
import { listBounded, readBoundedFile } from './boundedFile.ts';
import { makeFolder } from './makeFolder.ts';
import { appendToPlainFile } from './plainFile.ts';
import { removeFile } from './recordFiles.ts';
import { stateFolder } from './stateFolder.ts';

/** Of a file, in bytes: ten times what a warden writes in a month that appends as often as it may. */
export const maxBudgetBytes = 8 * 2 ** 20;
/** Of the folder. */
const maxFiles = 10_000;
/** Time after which a file is removed, in milliseconds: no period is as long. */
const keptMillis = 62 * 86_400_000;
/** Digits are bounded so that no sum is beyond what a number can tell apart. */
const line = /^(\d{1,9}) (\d{1,12})$/;

export function budgetFolder(folder = stateFolder()): string {
  return join(folder, 'model-budgets');
}

/**
 * What all wardens have spent of it, and the length of the file in bytes; nothing where there is none.
 * @throws the system's error, or one that says what is wrong with the file.
 */
export function readSpending(folder: string, id: string, period: string): { readonly spent: Spending; readonly bytes: number } {
  let text = '';
  try {
    text = readBoundedFile(pathOf(folder, id, period), maxBudgetBytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  let [requests, tokens] = [0, 0];
  for (const written of text.split('\n')) {
    const [, some = '0', others = '0'] = written.match(line) ?? [];
    requests += Number(some);
    tokens += Number(others);
  }
  return { spent: { period, requests, tokens }, bytes: text.length };
}

/** @throws the system's error. */
export async function appendSpending(folder: string, id: string, { period, requests, tokens }: Spending): Promise<void> {
  makeFolder(folder);
  await appendToPlainFile(pathOf(folder, id, period), `\n${requests} ${tokens}\n`);
}

/** Removes those of periods that are long over. @throws the system's error. */
export function removeOldSpending(folder: string, now: number): void {
  const oldest = periodOf('month', now - keptMillis);
  try {
    for (const { name } of listBounded(folder, maxFiles).entries) {
      const [id = '', period = ''] = name.split('.');
      if (budgetId.test(id) && periodPattern.test(period) && period < oldest) removeFile(join(folder, name));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function pathOf(folder: string, id: string, period: string): string {
  if (!budgetId.test(id) || !periodPattern.test(period)) throw new Error(`'${id}.${period}' names no budget`);
  return join(folder, `${id}.${period}`);
}
