/**
 * A text that every match of a regular expression has in it, so that what does not have it needs no search; undefined where none is known for sure. The
 * longest one of those that are written side by side outside of groups. Not more than a first look: it may leave out what a closer one would find.
 */
export function requiredText({ source, flags }: Pick<RegExp, 'source' | 'flags'>): string | undefined {
  if (/[iuv]/.test(flags)) return undefined;
  let [longest, current] = ['', ''];
  const endText = (): void => {
    if (current.length > longest.length) longest = current;
    current = '';
  };
  for (let rest = source; rest !== ''; ) {
    const [token = '', escaped] = nextToken.exec(rest) ?? [];
    if (token === '' || token === '|') return undefined;
    rest = rest.slice(token.length);
    if (token === '(') {
      const length = groupLength(rest);
      if (length === undefined) return undefined;
      rest = rest.slice(length);
      endText();
      rest = rest.slice(quantifierOf(rest).length);
      continue;
    }
    const text =
      token.length === 1 && !special.test(token) ? token : escaped !== undefined && punctuation.test(escaped) ? escaped : undefined;
    const quantifier = quantifierOf(rest);
    rest = rest.slice(quantifier.length);
    // What may be left out is no part of it, and nor is the place of what comes more than once.
    if (text !== undefined && (quantifier === '' || isNeeded(quantifier))) current += text;
    if (text === undefined || quantifier !== '') endText();
  }
  endText();
  // What is more than one unit of a string, or stands for bytes that are no text, is found in no bytes.
  return longest !== '' && !/[\ud800-\udfff\ufffd]/.test(longest) ? longest : undefined;
}

/** An escape, with what is escaped; a class; one character. */
const nextToken = /^(?:\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|c[a-zA-Z]|k<[^>]*>|\d+|([\s\S]))|\[(?:\\[\s\S]|[^\]\\])*\]|[^[\\])/;
const special = /[.^$*+?()[\]{}|\\]/;
/** What a backslash makes plain. */
const punctuation = /[^\w\s]/;

function quantifierOf(rest: string): string {
  return /^(?:[*+?]|\{\d+(?:,\d*)?\})\??/.exec(rest)?.[0] ?? '';
}

function isNeeded(quantifier: string): boolean {
  return quantifier.startsWith('+') || /^\{0*[1-9]/.test(quantifier);
}

/** Up to its end, behind the opening parenthesis; undefined where that is missing. */
function groupLength(text: string): number | undefined {
  let depth = 1;
  for (let position = 0; position < text.length; ) {
    const [token = ''] = nextToken.exec(text.slice(position)) ?? [];
    if (token === '') return undefined;
    position += token.length;
    if (token === '(') depth++;
    if (token === ')' && --depth === 0) return position;
  }
  return undefined;
}
