import { constants } from 'node:os';

/** A signal without a name in Node: the realtime ones, as bash calls them, and the two below them that the C library keeps for itself. */
export type NumberedSignal = 'SIGRTMIN' | `SIGRTMIN+${number}` | `SIG${number}`;
export type SignalName = NodeJS.Signals | NumberedSignal;

/** SIGRTMIN of glibc, signal(7). */
const firstRealtime = 34;

/** The name of any signal of this system. */
export function signalName(number: number): SignalName {
  const [name] = Object.entries(constants.signals).find(([, value]) => value === number) ?? [];
  if (name !== undefined) return name as NodeJS.Signals;
  if (number === firstRealtime) return 'SIGRTMIN';
  return number > firstRealtime ? `SIGRTMIN+${number - firstRealtime}` : `SIG${number}`;
}

/** The number of a signal by its name. */
export function signalNumber(name: SignalName): number {
  const known = (constants.signals as Readonly<Record<string, number>>)[name];
  if (known !== undefined) return known;
  const [, realtime, digits = '0'] = name.match(/^SIG(RTMIN)?\+?(\d+)?$/) ?? [];
  return (realtime === undefined ? 0 : firstRealtime) + Number(digits);
}
