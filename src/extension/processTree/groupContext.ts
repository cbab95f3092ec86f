/** What can be done with a group as a whole. Independent of the editor and of the clock. */
import type { Row } from './row.ts';

const startable =
  /^(?:process\.(?:idle|ended|failed|armed)|pool\.(?:idle|some)|languageServer\.(?:idle|stopped|crashed|failed))\b.*\.declared$/;
const restartable = /^(?:process\.live|pool\.(?:some|live)|languageServer\.(?:starting|running|restarting))/;
const stoppable = /^(?:process\.armed|jobs\.live|external\.(?:live|left)|model\.(?:loaded|busy))/;

/** The context of a group's row: `group`, with `.startable`, `.restartable` and `.stoppable` behind it, each where a row below it is. */
export function groupContext(children: readonly Row[]): string {
  const has = (test: RegExp): boolean => children.some(({ context }) => test.test(context));
  const words = [has(startable) && 'startable', has(restartable) && 'restartable', (has(restartable) || has(stoppable)) && 'stoppable'];
  return ['group', ...words.filter(Boolean)].join('.');
}
