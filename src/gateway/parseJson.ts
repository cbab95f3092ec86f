/** What V8 has from version 11.4 on, Node.js from 21: a number that is written as this text. */
const { rawJSON } = JSON as { readonly rawJSON?: (text: string) => object };
/** Some number may have more digits than a JavaScript number keeps. */
const manyDigits = /\d{16}/;

/**
 * JSON has no mark of a byte order, but editors write it.
 * @throws SyntaxError where it is none.
 */
export function parseJson(bytes: Buffer): unknown {
  return JSON.parse(textOf(bytes));
}

/**
 * The same, for what is written as JSON again: integers beyond 2^53 are kept as they are written, as values of which nothing but that can be used. Node.js 20 rounds them.
 * @throws SyntaxError where it is none.
 */
export function parseJsonExactly(json: Buffer | string): unknown {
  const text = typeof json === 'string' ? json : textOf(json);
  if (!rawJSON || !manyDigits.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key, value: unknown, { source = '' }: { readonly source?: string } = {}) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? rawJSON(source) : value,
  );
}

function textOf(bytes: Buffer): string {
  return bytes.toString().replace(/^\uFEFF/, '');
}
