/** Whether a process waits for a person's answer; pure. */
import { stripVTControlCharacters } from 'node:util';
import type { InputWait } from '../../platform/platform.ts';

/** Milliseconds without output after which what waits for input may be a prompt. */
export const quietMillis = 3000;
/** Maximum length of what is shown of a prompt, in characters: its end. */
const maxPrompt = 200;

export interface InputFacts {
  /** How the terminal's foreground waits; undefined where it does not. */
  readonly wait: InputWait | undefined;
  /** The newest output, as it was printed. */
  readonly tail: string;
  /** Milliseconds since the last output. */
  readonly quietFor: number;
}

/**
 * The prompt, on one line; undefined where it is none. Much reads from its terminal without waiting for a person: shells, the shells of
 * languages and databases, and servers that have shortcuts. What tells a prompt from those is the line that it has left unfinished:
 * - in canonical mode, a program that is in read(2) waits for a whole line: everything counts but what shells print;
 * - without echo, it is a password;
 * - in any other mode, or where the program waits for several things at once, only what looks like a question counts.
 */
export function promptIn({ wait, tail, quietFor }: InputFacts): string | undefined {
  if (wait === undefined || quietFor < quietMillis) return undefined;
  const line = unfinishedLine(tail);
  if (!/[\p{L}\p{N}]/u.test(line)) return undefined;
  return isPrompt(wait, line) ? line.slice(-maxPrompt) : undefined;
}

function isPrompt({ by, canonical, echo }: InputWait, line: string): boolean {
  if (canonical && !echo) return true;
  if (by === 'hidden' || isOfShell(line)) return false;
  return (canonical && by === 'read') || isQuestion(line);
}

/** As a terminal shows it: behind the last return to its beginning that something follows. */
export function unfinishedLine(tail: string): string {
  const last = tail.slice(tail.lastIndexOf('\n') + 1);
  // ECMA-48: CHA, "cursor character absolute", to the first column.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is one.
  const parts = last.split(/\r|\x1b\[[01]?G/).map((part) => stripVTControlCharacters(part).trim());
  return parts.findLast((part) => part !== '') ?? '';
}

/** `user@host:~$`, `#`, `>>>`, `mysql>`, `irb(main):001:0>`, `(gdb)`, `In [1]:`. */
function isOfShell(line: string): boolean {
  return /[$#%❯]$/.test(line) || /^\S*>+$/.test(line) || /^\([\w-]+\)$/.test(line) || /^In \[\d+\]:$/.test(line);
}

function isQuestion(line: string): boolean {
  const choice = /[([]\s*y(es)?\s*\/\s*n(o)?\s*[)\]]\W*$/i;
  const end = /[?:]\s*([([<][^()[\]<>]{0,80}[)\]>])?:?$/;
  const key = /\bpress\b.{0,40}\b(any key|enter|return)\b/i;
  return /^\?\s\S/.test(line) || choice.test(line) || end.test(line) || key.test(line);
}
