/**
 * What is sent to a process as keys, by the names that tmux(1) has for them ("KEY BINDINGS"), and the bytes of an xterm for each
 * (ctlseqs, "PC-Style Function Keys"). Names are case-sensitive, which tmux's are not: `end` is text. What is no name of a key is text.
 */

/** Maximum number of keys and texts of one call. */
export const maxKeys = 1000;
/** Maximum length of one text, in characters. */
export const maxKeyText = 64 * 1024;

/** `key`: a terminal is needed for it. */
export type KeyBytes = { readonly by: 'key' | 'text' | 'enter'; readonly name: string; readonly data: Buffer };

/** Keys whose bytes do not change with a modifier, but for Meta. */
const plain = new Map(Object.entries({ Space: ' ', Tab: '\t', BSpace: '\x7f', Escape: '\x1b' }));
/** `ESC [ 1 ; modifiers X`; without a modifier `ESC [ X`. */
const finals = new Map(Object.entries({ Up: 'A', Down: 'B', Right: 'C', Left: 'D', End: 'F', Home: 'H' }));
/** The same, but `ESC O X` without a modifier. */
const functionFinals = new Map(Object.entries({ F1: 'P', F2: 'Q', F3: 'R', F4: 'S' }));
/** `ESC [ number ; modifiers ~`. */
const numbers = new Map(
  Object.entries({
    ...{ IC: 2, Insert: 2, DC: 3, Delete: 3, PPage: 5, PageUp: 5, PgUp: 5, NPage: 6, PageDown: 6, PgDn: 6 },
    ...{ F5: 15, F6: 17, F7: 18, F8: 19, F9: 20, F10: 21, F11: 23, F12: 24 },
  }),
);
/** What Control makes of characters that are no letters. */
const controls = new Map(Object.entries({ '@': 0, Space: 0, '[': 27, '\\': 28, ']': 29, '^': 30, _: 31, '?': 127 }));

interface Modifiers {
  readonly control: boolean;
  readonly meta: boolean;
  readonly shift: boolean;
}

/** `literal`: everything is text, also what is the name of a key. */
export function keyBytes(written: string, literal = false): KeyBytes {
  if (literal) return { by: 'text', name: written, data: Buffer.from(written) };
  const { rest, ...modifiers } = modifiersOf(written);
  if (rest === 'Enter') return { by: isPlain(modifiers) ? 'enter' : 'key', name: written, data: Buffer.from(withMeta('\r', modifiers)) };
  const bytes = bytesOf(rest, modifiers);
  if (bytes === undefined) return { by: 'text', name: written, data: Buffer.from(written) };
  const isText = isPlain(modifiers) && (rest === 'Space' || rest === 'Tab');
  return { by: isText ? 'text' : 'key', name: written, data: Buffer.from(bytes) };
}

function isPlain({ control, meta, shift }: Modifiers): boolean {
  return !control && !meta && !shift;
}

/** `C-`, `^`, `M-` and `S-` in any order. */
function modifiersOf(written: string): Modifiers & { readonly rest: string } {
  let rest = written;
  const found = { control: false, meta: false, shift: false };
  for (;;) {
    const [prefix = '', letter = ''] = /^(?:([CMS])-|\^)(?=.)/.exec(rest) ?? [];
    if (prefix === '') return { ...found, rest };
    if (letter === 'M') found.meta = true;
    else if (letter === 'S') found.shift = true;
    else found.control = true;
    rest = rest.slice(prefix.length);
  }
}

/** Undefined where it is no key, but text. */
function bytesOf(key: string, modifiers: Modifiers): string | undefined {
  const { control, meta, shift } = modifiers;
  const number = 1 + (shift ? 1 : 0) + (meta ? 2 : 0) + (control ? 4 : 0);
  const final = finals.get(key) ?? functionFinals.get(key);
  if (final !== undefined) {
    if (number > 1) return `\x1b[1;${number}${final}`;
    return functionFinals.has(key) ? `\x1bO${final}` : `\x1b[${final}`;
  }
  const code = numbers.get(key);
  if (code !== undefined) return number > 1 ? `\x1b[${code};${number}~` : `\x1b[${code}~`;
  if (key === 'BTab' || (key === 'Tab' && shift)) return '\x1b[Z';
  if (control) {
    const byte = /^[a-z]$/i.test(key) ? key.toLowerCase().charCodeAt(0) - 96 : controls.get(key);
    return byte === undefined ? undefined : withMeta(String.fromCharCode(byte), modifiers);
  }
  const character = plain.get(key) ?? (meta && [...key].length === 1 ? key : undefined);
  return character === undefined ? undefined : withMeta(character, modifiers);
}

function withMeta(bytes: string, { meta }: Modifiers): string {
  return meta ? `\x1b${bytes}` : bytes;
}
