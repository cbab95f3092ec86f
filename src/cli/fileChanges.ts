/** What `up` says where files are watched. */
import type { NameStatus } from '../protocol/declare.ts';
import { gitWaitText, watchEventText } from '../protocol/fileWatch.ts';
import { complainBehind } from './say.ts';

/** One line for each change that is acted on, and for what holds one back. */
export function tellFileChanges(prefixOf: (name: string) => string | undefined) {
  const waiting = new Map<string, string>();
  const acted = new Map<string, number>();
  return (statuses: readonly NameStatus[]): void => {
    for (const { name, watch } of statuses) {
      const prefix = prefixOf(name);
      if (watch === undefined || prefix === undefined) continue;
      const { waitsFor = '', last } = watch;
      if (waitsFor !== '' && waiting.get(name) !== waitsFor) complainBehind(prefix, gitWaitText(waitsFor));
      waiting.set(name, waitsFor);
      if (last && acted.get(name) !== last.at) complainBehind(prefix, watchEventText(last, true));
      if (last) acted.set(name, last.at);
    }
  };
}
