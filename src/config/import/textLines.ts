/** Maximum number of entries of one file that are looked at: for some, the whole text is searched for their line. */
export const maxEntries = 300;

/** Zero-based line of the first match; 0 where there is none. */
export function lineOf(text: string, pattern: RegExp): number {
  const { index } = pattern.exec(text) ?? {};
  return index === undefined ? 0 : lineAt(text, index);
}

/** Zero-based line of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 0;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/** Matches the text itself. */
export function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
