/** What a row says of watched files. Independent of the editor and of the clock. */
import { gitWaitText, type WatchStatus, watchEventText } from '../../protocol/fileWatch.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';

/** Why changes do not count now; empty where they do. It stands where a narrow sidebar does not cut it off. */
export function watchNotice(watch: WatchStatus | undefined): string {
  if (watch === undefined) return '';
  const { state, waitsFor } = watch;
  if (state === 'paused') return 'watching paused';
  if (state === 'looping') return 'watching stopped: it changes its own files';
  if (state === 'failed') return 'files not watched';
  return waitsFor ? gitWaitText(waitsFor) : '';
}

/** Of one that has ended. */
export function changeAwaited(watch: WatchStatus | undefined): string {
  return watch?.state === 'watching' && watch.waitsFor === undefined ? 'waits for a change of its files' : watchNotice(watch);
}

/** What the last change has led to; empty where there was none. @param trees What is listed of it: a restart is under way for one that was started before the change. */
export function lastChangeText(watch: WatchStatus | undefined, trees: readonly Pick<TreeSnapshot, 'startedAt'>[]): string {
  const { last } = watch ?? {};
  if (last === undefined || watchNotice(watch) !== '') return '';
  const isUnderWay = last.by === 'restart' && trees.some(({ startedAt }) => startedAt < last.at);
  return watchEventText(last, isUnderWay);
}

/** For the context of a row: whether watching can be paused, or resumed; empty where neither can. */
export function watchContext(watch: WatchStatus | undefined): '' | '.watching' | '.unwatched' {
  if (watch === undefined || watch.state === 'off') return '';
  return watch.state === 'watching' ? '.watching' : '.unwatched';
}
