/** Prints rows as a Markdown table, so that it can be quoted as it is. */
export function printTable(title: string, header: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]): string => `| ${header.map((_, column) => cells[column] ?? '').join(' | ')} |`;
  console.log([`\n${title}\n`, line(header), line(header.map(() => '---')), ...rows.map(line), ''].join('\n'));
}
