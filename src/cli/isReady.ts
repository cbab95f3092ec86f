import { Changes } from '../client/changes.ts';
import type { Progress } from '../client/progress.ts';
import { normalName } from '../protocol/names.ts';
import { exitCodes } from './exitCodes.ts';
import { FollowedWardens } from './followedWardens.ts';
import { complain } from './say.ts';
import { subjectOf, subjectProgress } from './subject.ts';

/** Whether all instances of a name are ready at this moment; stdout stays empty. */
export async function isReadyNow(written: string): Promise<number> {
  const name = normalName(written);
  using wardens = new FollowedWardens('tree-warden is-ready', new Changes());
  await wardens.look();
  const subject = subjectOf(name, wardens.feeds);
  const progress = subject ? subjectProgress('ready', subject) : [];
  const late = progress.filter(({ verdict }) => verdict !== 'met');
  if (subject && late.length === 0) return exitCodes.ok;
  if (!subject) complain(`'${name}' does not run, and was not started before.`);
  for (const one of late) complain(sentenceOf(one));
  return subject?.isActive ? exitCodes.failed : exitCodes.notRunning;
}

function sentenceOf({ label, state, reason }: Progress): string {
  const why = state === 'not started' || reason === '' ? '' : ` (${reason})`;
  return `${label} is not ready: ${state}${why}${state === 'not started' && reason !== '' ? `. ${reason}` : ''}`;
}
