/**
 * Text from outside (names, keys of a file, arguments, names of processes), made safe to be read by a person: what a terminal would obey, what
 * would break a line, and what would change the order or hide parts of it is shown as an escape.
 */

/**
 * C0 and C1 controls with DEL; line and paragraph separators; bidirectional marks, embeddings, overrides and isolates (Unicode Standard Annex 9);
 * characters that are never seen; halves of surrogate pairs. The joiners U+200C and U+200D stay: writing systems and emoji need them.
 */
const hidden =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** In one line: `\n`, `\x1b`, `\u202e` instead of what cannot be seen. The same text where there is nothing of the kind; what is escaped already stays as it is. */
export function visible(text: string): string {
  return text.replace(hidden, (character) => named[character] ?? escapeOf(character.charCodeAt(0)));
}

function escapeOf(code: number): string {
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** Between a sentence and the lines that are quoted below it. */
const below = ':\n';

/** Of a message that may quote lines below its sentence, after a colon; a line break anywhere else is not ours, and stays in its line. */
export function linesOf(message: string): [string, ...string[]] {
  const at = message.indexOf(below);
  return at < 0 ? [message] : [`${message.slice(0, at)}:`, ...message.slice(at + below.length).split('\n')];
}
