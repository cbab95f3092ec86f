import * as vscode from 'vscode';
import { instanceOf } from '../../protocol/names.ts';
import { reveal } from '../commandUtilities.ts';
import { errorText } from '../localized.ts';
import { tellError } from '../tell.ts';
import type { WorkspaceSpecs } from '../workspaceSpecs.ts';
import { StartFailure } from './failedStarts.ts';

/**
 * Says what has gone wrong; where a declared process could not be started, with a button that opens its declaration. A start that the user has
 * called off is not told. Never fails.
 */
export async function tellProblem(error: unknown, specs: WorkspaceSpecs): Promise<void> {
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
  if (errors.every((one) => one instanceof StartFailure && one.isCalledOff)) return;
  const names = errors.flatMap((one) => (one instanceof StartFailure ? one.processes : []));
  const declared = names.flatMap((name) => specs.find(instanceOf(name).spec) ?? [])[0];
  const open = vscode.l10n.t('Open processes.json');
  const chosen = await tellError(errorText(error), ...(declared ? [open] : []));
  if (chosen === open && declared) await reveal(declared);
}
