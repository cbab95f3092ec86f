/** Where things stand in the bytes of a JSON text, so that one of them can be replaced and all others stay as they are. */

/** Bytes from `start` up to `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const openBrace = 0x7b;
const closeBrace = 0x7d;
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
const isOpening = (byte: number): boolean => byte === 0x5b || byte === openBrace;
const isClosing = (byte: number): boolean => byte === 0x5d || byte === closeBrace;

/** Up to here a string is looked through byte by byte, which for a short one is less work than a call. */
const shortString = 32;
/** Each of them takes more memory than its bytes do. */
export const mostFields = 1000;

/**
 * The values of the fields of this name in the outermost object: more than one where it is there more than once. One pass over the bytes, whatever they are; of what is
 * no JSON, the answer means nothing.
 * @returns in a word what is too much, where it is nested deeper than `maxDepth`, or has more than {@link mostFields} of them.
 */
export function fieldsNamed(name: string, bytes: Buffer, maxDepth: number): ByteRange[] | 'levels' | 'fields' {
  const found: ByteRange[] = [];
  let depth = 0;
  let key: ByteRange | undefined;
  /** Of the value that is looked for, while it is passed. */
  let start: number | undefined;
  /** Behind the last byte that was no white space. */
  let end = 0;
  const finish = (): void => {
    if (start !== undefined && end > start) found.push({ start, end });
    start = undefined;
    key = undefined;
  };
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] ?? 0;
    if (isSpace(byte)) {
      at++;
      continue;
    }
    if (depth === 1 && (byte === comma || isClosing(byte))) {
      finish();
      if (found.length > mostFields) return 'fields';
    } else if (depth === 1 && byte === colon && key) {
      if (isNamed(bytes.subarray(key.start, key.end), name)) start = at + 1;
      at++;
      continue;
    } else if (start !== undefined && start > end) start = at;
    if (byte === quote) {
      const from = at;
      at = endOfString(bytes, from);
      if (depth === 1 && start === undefined) key = { start: from, end: at };
    } else {
      if (isOpening(byte) && ++depth > maxDepth) return 'levels';
      if (isClosing(byte)) depth--;
      at++;
    }
    end = at;
  }
  return found;
}

/** Tells of each field of the outermost object of valid JSON where it stands, from its key to the end of its value: a list of them would take more memory than the text. */
function forEachMember(bytes: Buffer, take: (name: string, start: number, end: number) => void): void {
  let depth = 0;
  let keyStart = -1;
  let keyEnd = -1;
  /** Behind the last byte that was no white space. */
  let end = 0;
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] ?? 0;
    if (isSpace(byte)) {
      at++;
      continue;
    }
    if (depth === 1 && keyStart >= 0 && (byte === comma || isClosing(byte))) {
      take(textOf(bytes, keyStart, keyEnd), keyStart, end);
      keyStart = -1;
    }
    if (byte === quote) {
      const from = at;
      at = endOfString(bytes, from);
      if (depth === 1 && keyStart < 0) [keyStart, keyEnd] = [from, at];
    } else {
      if (isOpening(byte)) depth++;
      if (isClosing(byte)) depth--;
      at++;
    }
    end = at;
  }
}

/** Of a valid string, which may have been written with escapes. */
function textOf(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start + 1, end - 1);
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
}

/** Valid JSON without the fields of these names, and with others; every other field stays as its bytes are. */
export function withFields(bytes: Buffer, without: ReadonlySet<string>, added: Readonly<Record<string, unknown>>): Buffer {
  const fields = Object.entries(added).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const put = Buffer.from(fields.join(','));
  // What is kept is no longer than it was, with its commas.
  const result = Buffer.allocUnsafe(bytes.length + put.length + 3);
  let length = 0;
  const append = (from: Buffer, start: number, end: number): void => {
    result[length] = length === 0 ? openBrace : comma;
    length += 1 + from.copy(result, length + 1, start, end);
  };
  forEachMember(bytes, (name, start, end) => {
    if (!without.has(name)) append(bytes, start, end);
  });
  if (put.length > 0) append(put, 0, put.length);
  if (length === 0) result[length++] = openBrace;
  result[length++] = closeBrace;
  return result.subarray(0, length);
}

/** The same bytes with this text in the place of each range. */
export function replaceRanges(bytes: Buffer, ranges: readonly ByteRange[], text: string): Buffer {
  const put = Buffer.from(text);
  let from = 0;
  const parts = ranges.flatMap(({ start, end }) => {
    const before = bytes.subarray(from, start);
    from = end;
    return [before, put];
  });
  return Buffer.concat([...parts, bytes.subarray(from)]);
}

/** A name may have been written with escapes. */
function isNamed(written: Buffer, name: string): boolean {
  const text = written.toString();
  if (!text.includes('\\')) return text === `"${name}"`;
  try {
    return JSON.parse(text) === name;
  } catch {
    return false;
  }
}

/** Behind the quote that ends it, or the end of all. */
function endOfString(bytes: Buffer, from: number): number {
  const near = Math.min(bytes.length, from + shortString);
  let at = from + 1;
  for (; at < near; at++) {
    if (bytes[at] === quote) return at + 1;
    if (bytes[at] === backslash) at++;
  }
  // A long one has few quotes in it, and they are found by native code.
  for (at = bytes.indexOf(quote, at); at >= 0; at = bytes.indexOf(quote, at + 1)) {
    let before = at;
    while (before > from + 1 && bytes[before - 1] === backslash) before--;
    if ((at - before) % 2 === 0) return at + 1;
  }
  return bytes.length;
}
