/** The words of a command line, as a person reads them. */
import { basename } from 'node:path';

export const interpreters =
  /^(?:node|nodejs|bun|deno|python[\d.]*|pypy[\d.]*|ruby|perl|php[\d.]*|java|sh|bash|zsh|dash|fish|ksh|tsx|ts-node|electron)$/;
/** Options of theirs that take the next word. */
const withValue = new Set([
  '-r',
  '--require',
  '--import',
  '--loader',
  '-C',
  '--conditions',
  '-W',
  '-X',
  '-I',
  '-cp',
  '-classpath',
  '--env-file',
]);

/** Without its folder, and without what a title has behind it. */
export function calledName(program: string): string {
  return basename(program.split(' ')[0] ?? '').replace(/:$/, '');
}

/** The first word that is no option, of an interpreter's command line. */
export function scriptOf(argv: readonly string[]): string | undefined {
  for (let at = 1; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (withValue.has(word)) at++;
    else if (!word.startsWith('-')) return word;
  }
  return undefined;
}
