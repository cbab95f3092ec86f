import type { Row } from './row.ts';

/** Rows whose own look has changed, or whose children have come, gone or moved. `undefined` stands for the top level. */
export function changedRows(before: readonly Row[], after: readonly Row[]): (string | undefined)[] {
  const changed: (string | undefined)[] = [];
  compare(undefined, before, after, changed);
  return changed;
}

function compare(parent: string | undefined, before: readonly Row[], after: readonly Row[], changed: (string | undefined)[]): void {
  const sameChildren = before.length === after.length && before.every((row, index) => row.id === after[index]?.id);
  if (!sameChildren) {
    // Asking for this level again asks for everything below it too.
    changed.push(parent);
    return;
  }
  after.forEach((row, index) => {
    const old = before[index];
    if (!old) return;
    const looksTheSame =
      old.label === row.label &&
      old.description === row.description &&
      old.icon === row.icon &&
      old.colour === row.colour &&
      old.stale === row.stale &&
      old.asks === row.asks &&
      old.context === row.context;
    const below: (string | undefined)[] = [];
    compare(row.id, old.children, row.children, below);
    if (looksTheSame || below.includes(row.id)) changed.push(...below);
    else changed.push(row.id, ...below);
  });
}
