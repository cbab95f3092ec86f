import type { NameStatus } from '../protocol/declare.ts';

/** What a warden says of a name. */
export interface NameAt<Warden> {
  readonly status: NameStatus;
  readonly warden: Warden;
}

/**
 * What counts of each name where several wardens know it: what a file declares comes before what none does any more, then what runs, or is to, before what does
 * not. What this window declares to its own warden, `up --detach` declares to the one of the folder.
 * @param all Of two that count the same, the first does.
 */
export function statusesByName<Warden>(all: readonly NameAt<Warden>[]): ReadonlyMap<string, NameAt<Warden>> {
  const byName = new Map<string, NameAt<Warden>>();
  for (const one of all) {
    const known = byName.get(one.status.name);
    if (known === undefined || rankOf(one.status) > rankOf(known.status)) byName.set(one.status.name, one);
  }
  return byName;
}

function rankOf(status: NameStatus): number {
  return (status.origin === undefined ? 0 : 2) + (isActive(status) ? 1 : 0);
}

/** Whether any of it runs, or will by itself. */
export function isActive({ desired, running, schedule }: NameStatus): boolean {
  return desired.length + running.length > 0 || schedule?.isArmed === true;
}
