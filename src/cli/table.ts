/** Columns that line up; those of numbers on the right. `header` and each row have as many cells. */
export function table(header: readonly string[], rows: readonly (readonly string[])[], numeric: ReadonlySet<string>): string {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string => {
    const width = widths[column] ?? 0;
    return numeric.has(header[column] ?? '') ? cell.padStart(width) : cell.padEnd(width);
  };
  return lines.map((cells) => `${cells.map(pad).join('  ').trimEnd()}\n`).join('');
}
