import { createHash } from 'node:crypto';

/**
 * Names what is spent on a model: in one workspace, or over all of them.
 * @param workspace Its folder; undefined for a model that belongs to no workspace.
 */
export function budgetIdOf(model: string, workspace: string | undefined): string {
  const owner = workspace === undefined ? 'user' : `workspace ${workspace}`;
  return createHash('sha256').update(`${owner}\0${model}`).digest('hex').slice(0, 32);
}
