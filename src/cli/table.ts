import { visible } from '../protocol/visible.ts';

/** Columns that line up, a line each; those of numbers on the right. `header` and each row have as many cells. */
export function table(header: readonly string[], rows: readonly (readonly string[])[], numeric: ReadonlySet<string>): string[] {
  // Before the widths are taken: an escape is longer than what it stands for.
  const lines = [header, ...rows].map((cells) => cells.map(visible));
  const widths = header.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string => {
    const width = widths[column] ?? 0;
    return numeric.has(header[column] ?? '') ? cell.padStart(width) : cell.padEnd(width);
  };
  return lines.map((cells) => cells.map(pad).join('  ').trimEnd());
}
