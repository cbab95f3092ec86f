/** One word of a line for a shell, and how it is to be kept together; nothing said: where that is needed. */
export interface ShellWord {
  readonly value: string;
  readonly quoting?: 'strong' | 'weak' | 'escape';
}

/** As VS Code quotes the words of a task, for sh or for cmd.exe; a quote within a word does not end it. */
export function quoteForShell({ value, quoting = needsQuotes(value) ? 'strong' : undefined }: ShellWord, isWindows: boolean): string {
  if (isWindows) return quoting === undefined ? value : quoteForWindows(value);
  switch (quoting) {
    case 'strong':
      return `'${value.replaceAll("'", () => `'\\''`)}'`;
    case 'weak':
      return `"${value.replaceAll(/\\[\s\S]?|"/g, (found) => (found === '"' || found === '\\' ? `\\${found}` : found))}"`;
    case 'escape':
      return value.replaceAll(/[^\w@%+=:,./-]/gu, (found) => (found === '\n' ? "'\n'" : `\\${found}`)) || "''";
    default:
      return value;
  }
}

/** There is one kind of quotes there; backslashes count where a quote follows (CommandLineToArgvW). */
export function quoteForWindows(value: string): string {
  const inside = value.replaceAll(/\\+"?|"/g, (found, offset: number) => {
    const isBeforeQuote = found.endsWith('"') || offset + found.length === value.length;
    const backslashes = found.replace('"', '');
    return isBeforeQuote ? `${backslashes}${backslashes}${found.endsWith('"') ? '\\"' : ''}` : found;
  });
  return `"${inside}"`;
}

/** Whether a shell would take it for several words, or wait for its end. What else a shell makes of it is meant. */
function needsQuotes(value: string): boolean {
  if (value === '') return true;
  let quote: string | undefined;
  for (let index = 0; index < value.length; index++) {
    const character = value[index];
    if (quote !== undefined) {
      if (character === quote) quote = undefined;
    } else if (character === '\\') {
      if (++index === value.length) return true;
    } else if (character === '"' || character === "'") quote = character;
    else if (character !== undefined && /\s/.test(character)) return true;
  }
  return quote !== undefined;
}
