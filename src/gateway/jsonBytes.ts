/** Where things stand in the bytes of a JSON text, so that one of them can be replaced and all others stay as they are. */

/** Bytes from `start` up to `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
const isOpening = (byte: number): boolean => byte === 0x5b || byte === 0x7b;
const isClosing = (byte: number): boolean => byte === 0x5d || byte === 0x7d;

/** Up to here a string is looked through byte by byte, which for a short one is less work than a call. */
const shortString = 32;

/**
 * The values of the fields of this name in the outermost object: more than one where it is there more than once. One pass over the bytes, whatever they are; of what is
 * no JSON, the answer means nothing.
 * @returns undefined where it is nested deeper than `maxDepth`.
 */
export function fieldsNamed(name: string, bytes: Buffer, maxDepth: number): ByteRange[] | undefined {
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
    if (depth === 1 && (byte === comma || isClosing(byte))) finish();
    else if (depth === 1 && byte === colon && key) {
      if (isNamed(bytes.subarray(key.start, key.end), name)) start = at + 1;
      at++;
      continue;
    } else if (start !== undefined && start > end) start = at;
    if (byte === quote) {
      const from = at;
      at = endOfString(bytes, from);
      if (depth === 1 && start === undefined) key = { start: from, end: at };
    } else {
      if (isOpening(byte) && ++depth > maxDepth) return undefined;
      if (isClosing(byte)) depth--;
      at++;
    }
    end = at;
  }
  return found;
}

/** The fields of the outermost object of valid JSON, each from its key to the end of its value. */
function membersOf(bytes: Buffer): (ByteRange & { readonly name: string })[] {
  const members: (ByteRange & { readonly name: string })[] = [];
  let depth = 0;
  let key: ByteRange | undefined;
  /** Behind the last byte that was no white space. */
  let end = 0;
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] ?? 0;
    if (isSpace(byte)) {
      at++;
      continue;
    }
    if (depth === 1 && key && (byte === comma || isClosing(byte))) {
      members.push({ start: key.start, end, name: JSON.parse(bytes.toString('utf8', key.start, key.end)) as string });
      key = undefined;
    }
    if (byte === quote) {
      const from = at;
      at = endOfString(bytes, from);
      if (depth === 1) key ??= { start: from, end: at };
    } else {
      if (isOpening(byte)) depth++;
      if (isClosing(byte)) depth--;
      at++;
    }
    end = at;
  }
  return members;
}

/** Valid JSON without the fields of these names, and with others; every other field stays as its bytes are. */
export function withFields(bytes: Buffer, without: ReadonlySet<string>, added: Readonly<Record<string, unknown>>): Buffer {
  const kept = membersOf(bytes).filter(({ name }) => !without.has(name));
  const fields = [
    ...kept.map(({ start, end }) => bytes.subarray(start, end)),
    ...Object.entries(added).map(([name, value]) => Buffer.from(`${JSON.stringify(name)}:${JSON.stringify(value)}`)),
  ];
  const separated = fields.flatMap((field, index) => (index === 0 ? [field] : [Buffer.from(','), field]));
  return Buffer.concat([Buffer.from('{'), ...separated, Buffer.from('}')]);
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
