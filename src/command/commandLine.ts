import { isNamedSecret, maskAssignments, shortOptionsAt } from './secretNames.ts';
import { maskShapes } from './secretShapes.ts';

const mask = '•••';
/** Maximum length that is shown of one argument and of all together, in characters. */
const longestArgument = 4096;
const longestLine = 16_384;
/** Maximum depth to which an argument with words in it is read as a command of its own. */
const deepest = 3;

/** The command as it would be typed into a POSIX shell, with what looks like a secret masked. */
export function displayCommandLine(argv: readonly string[]): string {
  // What a shell was asked to run says more than the shell does.
  const [program = '', flag, script] = argv;
  if (argv.length === 3 && flag === '-c' && script !== undefined && program.endsWith('sh')) return maskScript(shorten(script), 0);
  const shown: string[] = [];
  let length = 0;
  // Those that are left out may be many, and long.
  const words: string[] = [];
  for (const [index, argument] of argv.entries()) {
    words.push(shorten(argument));
    if (length > longestLine) return `${shown.join(' ')} … (${argv.length - index} more)`;
    const masked = quote(maskWord(words, index, 0));
    shown.push(masked);
    length += masked.length + 1;
  }
  return shown.join(' ');
}

/** One line of a text that is not a command line, with what looks like a secret masked. */
export function displayTextLine(line: string): string {
  return maskText(line, deepest);
}

/** Cut where no secret is cut in two, so that none is too short to be known as one. */
function shorten(text: string): string {
  if (text.length <= longestArgument) return text;
  return `${text.slice(0, longestArgument).replace(/[\w+/=~.-]{1,200}$/, '')}… (${text.length} characters)`;
}

function maskScript(text: string, depth: number): string {
  // Words with their quotes, and what is between them.
  const parts = text.match(/(?:[^\s'";|&()<>\\]|\\[\s\S]|'[^']*'?|"(?:[^"\\]|\\[\s\S])*"?|\\)+|[\s;|&()<>]+/g) ?? [];
  const words = parts.filter((part) => !/^[\s;|&()<>]/.test(part));
  let index = 0;
  const shown = parts.map((part) => (/^[\s;|&()<>]/.test(part) ? part : maskWord(words, index++, depth + 1)));
  // Some only show with the words around them: `Bearer x`.
  return maskShapes(shown.join(''), mask);
}

function maskWord(words: readonly string[], index: number, depth: number): string {
  const word = words[index] ?? '';
  const before = words[index - 1];
  if (before !== undefined && isNamedSecret(before, word)) return mask;
  const short = shortOptionsAt(words, index);
  if (short?.attached?.test(word)) return `${short.attached.exec(word)?.[0] ?? ''}${mask}`;
  if (before !== undefined && short?.next?.test(before)) return mask;
  if (before !== undefined && short?.pair?.test(before)) return maskPair(word);
  // No option is written like that.
  if (/^-p(?=\S*\d)(?=\S*[a-z])(?=\S*[A-Z!#$%^*+?~@])[^\s/=:]{6,}$/.test(word)) return `-p${mask}`;
  return maskText(word, depth);
}

function maskPair(word: string): string {
  const [, user = '', between = ''] = word.match(/^(["']?[^:%,"']*)([:%,])/) ?? [];
  return between === '' ? maskText(word, deepest) : `${user}${between}${mask}`;
}

function maskText(text: string, depth: number): string {
  const isWord = !/\s/.test(text) || depth > 0;
  const named = maskUrls(maskAssignments(text, isWord, mask));
  if (depth < deepest && /\s/.test(named) && named === text && !/^[{[]/.test(text.trim())) return maskShapes(maskNested(text, depth), mask);
  return maskShapes(named, mask);
}

/** A quoted command, as for ssh or `sh -lc`. */
function maskNested(text: string, depth: number): string {
  const [, opening = '', inner = text, closing = ''] = text.match(/^(["'])([\s\S]*)\1()$/) ?? [];
  return opening === '' ? maskScript(text, depth) : `${opening}${maskScript(inner, depth)}${opening}${closing}`;
}

/** `scheme://user:secret@host`, `scheme://token@host`, and `user:secret@host` without a scheme. */
function maskUrls(text: string): string {
  return text
    .replace(/:\/\/([^\s/'"`]{1,1000})@/g, (whole, user: string) => {
      const colon = user.indexOf(':');
      if (colon >= 0) return user.slice(colon + 1) === mask ? whole : `://${user.slice(0, colon + 1)}${mask}@`;
      return user.length >= 16 ? `://${mask}@` : whole;
    })
    .replace(/(^|[\s'"=,])([\w.+-]{1,64}):([^\s:/@'"]{1,200})@(?=[\w[])(?!sha\d+:)/g, (whole, start: string, user: string) =>
      /^(npm|file|link|workspace|git|patch|portal|jsr|docker|https?)$/.test(user) ? whole : `${start}${user}:${mask}@`,
    );
}

function quote(argument: string): string {
  return /^[\w@%+=:,./•-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
