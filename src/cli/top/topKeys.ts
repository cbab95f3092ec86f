/** What the keys of `tree-warden top` mean; pure. */
import type { Key } from 'node:readline';
import type { TopVerb } from './topModel.ts';

export type TopAction =
  | { readonly do: TopVerb | 'quit' | 'filter' | 'help' | 'type' | 'reset' | 'fold' | 'unfold' | 'toggle' }
  /** Rows down; infinite: to an end of the list. */
  | { readonly do: 'move'; readonly by: number }
  /** Pages up. */
  | { readonly do: 'scroll'; readonly by: 1 | -1 };

const { POSITIVE_INFINITY: toLast, NEGATIVE_INFINITY: toFirst } = Number;

const byCharacter = new Map<string, TopAction>([
  ...Object.entries({
    s: 'start',
    x: 'stop',
    r: 'restart',
    K: 'kill',
    q: 'quit',
    '/': 'filter',
    '?': 'help',
    h: 'help',
    i: 'type',
  } as const).map(([key, what]): [string, TopAction] => [key, { do: what }]),
  ...Object.entries({ j: 1, k: -1, g: toFirst, G: toLast }).map(([key, by]): [string, TopAction] => [key, { do: 'move', by }]),
]);

const byName = new Map<string, TopAction>([
  ...Object.entries({ down: 1, up: -1, home: toFirst, end: toLast }).map(([key, by]): [string, TopAction] => [key, { do: 'move', by }]),
  ['pageup', { do: 'scroll', by: 1 }],
  ['pagedown', { do: 'scroll', by: -1 }],
  ['right', { do: 'unfold' }],
  ['left', { do: 'fold' }],
  ['return', { do: 'toggle' }],
  ['enter', { do: 'toggle' }],
  ['space', { do: 'toggle' }],
  ['escape', { do: 'reset' }],
]);

/** In the list. Undefined where the key means nothing. */
export function actionOf(text: string, { name = '', ctrl, meta }: Key): TopAction | undefined {
  if (ctrl) return undefined;
  return (meta ? undefined : byCharacter.get(text)) ?? byName.get(name);
}

/** Maximum length of a line that is written, in characters. */
export const maxLine = 4096;

/** The line that is being written after this key; `undefined` where it is given up, `done` where it is finished. */
export function editedLine(
  line: string,
  text: string,
  { name, ctrl, meta }: Key,
): { readonly line: string; readonly done: boolean } | undefined {
  if (name === 'escape') return undefined;
  if (name === 'return' || name === 'enter') return { line, done: true };
  if (name === 'backspace') return { line: [...line].slice(0, -1).join(''), done: false };
  if (ctrl) return { line: name === 'u' ? '' : line, done: false };
  // Keys such as the arrows come as control characters.
  return { line: /^\P{Cc}+$/u.test(text) && !meta && line.length + text.length <= maxLine ? line + text : line, done: false };
}

/**
 * The line with this behind it, which was pasted, and comes character by character: nothing of it is a key, and its line breaks and tabs are text.
 * Undefined where it is too long.
 */
export function pastedLine(line: string, text: string): string | undefined {
  if (!/^[\P{Cc}\t\r\n]+$/u.test(text)) return line;
  return line.length + text.length > maxLine ? undefined : line + text.replaceAll('\r', '\n');
}
