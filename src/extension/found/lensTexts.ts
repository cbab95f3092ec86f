/** What a code lens says of a process. Independent of the editor and of the clock. */
import { formatPorts } from '../../protocol/ports.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { isLive, stateWord } from '../../protocol/trees.ts';

/** `running, 12 s, :5173`, `starting, 3 s`, or how it ended; undefined where it has never run. */
export function lensText(trees: readonly TreeSnapshot[], now: number): string | undefined {
  const live = trees.filter(isLive);
  const [first] = live;
  if (first === undefined) return trees.at(-1)?.reason;
  const state = stateWord(first) === 'ready' ? 'running' : stateWord(first);
  const several = live.length > 1 ? `${live.length} × ` : '';
  const ports = formatPorts(live.flatMap(({ members }) => members));
  return [`${several}${state}`, age(now - first.startedAt), ports].filter(Boolean).join(', ');
}

/** Seconds of the first minute, then minutes, then hours: a lens is drawn anew with its text. */
function age(millis: number): string {
  const seconds = Math.max(0, Math.floor(millis / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
}
