/** Generated sections of a Markdown document, between `<!-- generated: NAME -->` and `<!-- end -->`. */

const section = /(<!-- generated: (.+?) -->\n)[\s\S]*?(<!-- end -->)/g;

/**
 * The document with each generated section written anew.
 * @throws Error for a section that is not known, and for one that the document lacks.
 */
export function withSections(document: string, sections: ReadonlyMap<string, string>): string {
  const missing = new Set(sections.keys());
  const written = document.replace(section, (_, start: string, name: string, end: string) => {
    const content = sections.get(name);
    if (content === undefined) throw new Error(`There is no generated section '${name}'.`);
    missing.delete(name);
    return `${start}\n${content.trimEnd()}\n\n${end}`;
  });
  if (missing.size > 0) throw new Error(`The document lacks the generated sections ${[...missing].join(', ')}.`);
  return written;
}

/** A Markdown table; a vertical bar in a cell is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('');
}
