/** What the header of a GGUF file says of a model's size. The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */

export interface GgufHeader {
  /** `llama`, `qwen2`; the prefix of its other keys. */
  readonly architecture: string;
  /** By their keys; of a list of numbers, as there is one with a number for each layer, the sum and the length. */
  readonly numbers: ReadonlyMap<string, GgufNumber>;
}

export interface GgufNumber {
  readonly sum: number;
  /** Absent where it is no list. */
  readonly length?: number;
}

/** A file without them is none, or is cut off before them. */
export class GgufError extends Error {}

/** Value types of the format, and the bytes of those that are numbers. */
const type = { bool: 7, string: 8, array: 9 } as const;
const widths: readonly (number | undefined)[] = [1, 1, 2, 2, 4, 4, 4, 1, undefined, undefined, 8, 8, 8];
const readers: readonly ((bytes: Buffer, at: number) => number)[] = [
  (bytes, at) => bytes.readUInt8(at),
  (bytes, at) => bytes.readInt8(at),
  (bytes, at) => bytes.readUInt16LE(at),
  (bytes, at) => bytes.readInt16LE(at),
  (bytes, at) => bytes.readUInt32LE(at),
  (bytes, at) => bytes.readInt32LE(at),
  (bytes, at) => bytes.readFloatLE(at),
  (bytes, at) => bytes.readUInt8(at),
  () => Number.NaN,
  () => Number.NaN,
  (bytes, at) => Number(bytes.readBigUInt64LE(at)),
  (bytes, at) => Number(bytes.readBigInt64LE(at)),
  (bytes, at) => bytes.readDoubleLE(at),
];

/** Maximum number of entries that are looked at, of numbers in a list that are added up, and of characters of a text that is read. */
const bounds = { entries: 1000, numbers: 10_000, characters: 1000 } as const;
/** Versions whose lengths have 64 bits; the first one was in use for a few weeks. */
const versions = { first: 2, last: 3 } as const;

/**
 * Reads what stands before the tokenizer, or before the end of these bytes: converters write the model's own keys first, and its vocabulary is megabytes.
 * @param bytes The beginning of a file.
 * @throws GgufError where it is no such file, or does not say what it is a model of.
 */
export function readGgufHeader(bytes: Buffer): GgufHeader {
  const cursor = new Cursor(bytes);
  if (bytes.toString('latin1', 0, 4) !== 'GGUF') throw new GgufError('it does not begin with GGUF');
  cursor.skip(4);
  const version = cursor.number(4);
  if (version < versions.first || version > versions.last)
    throw new GgufError(`it has version ${version} of the format, which is not known`);
  cursor.skip(8);
  const count = Math.min(cursor.number(10), bounds.entries);
  const numbers = new Map<string, GgufNumber>();
  let architecture: string | undefined;
  try {
    for (let entry = 0; entry < count; entry++) {
      const key = cursor.text();
      if (key.startsWith('tokenizer.')) break;
      const valueType = cursor.number(4);
      if (key === 'general.architecture' && valueType === type.string) architecture = cursor.text();
      else {
        const value = readValue(cursor, valueType);
        if (value) numbers.set(key, value);
      }
    }
  } catch (error) {
    // It goes on behind these bytes; what was read counts.
    if (!(error instanceof EndOfBytes)) throw error;
  }
  if (architecture === undefined) throw new GgufError('its header does not say which architecture it has');
  return { architecture, numbers };
}

/** Undefined where it is no number and no list of numbers. */
function readValue(cursor: Cursor, valueType: number): GgufNumber | undefined {
  if (valueType === type.string) {
    cursor.skipText();
    return undefined;
  }
  if (valueType !== type.array) return { sum: cursor.number(valueType) };
  const itemType = cursor.number(4);
  const length = cursor.number(10);
  const width = widths[itemType];
  if (itemType === type.string) {
    for (let item = 0; item < length; item++) cursor.skipText();
    return undefined;
  }
  if (width === undefined) throw new GgufError(`it has a list of values of the type ${itemType}, which is not known`);
  if (length > bounds.numbers) {
    cursor.skip(length * width);
    return undefined;
  }
  let sum = 0;
  for (let item = 0; item < length; item++) sum += cursor.number(itemType);
  return { sum, length };
}

/** The bytes end within a value. */
class EndOfBytes extends GgufError {}

class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  skip(count: number): void {
    if (!(count >= 0 && count <= this.#bytes.length - this.#at)) throw new EndOfBytes('its header is cut off');
    this.#at += count;
  }

  number(valueType: number): number {
    const width = widths[valueType];
    const read = readers[valueType];
    if (width === undefined || read === undefined) throw new GgufError(`it has a value of the type ${valueType}, which is not known`);
    const at = this.#at;
    this.skip(width);
    return read(this.#bytes, at);
  }

  /** No longer than what is of use here; the rest is left out. */
  text(): string {
    const length = this.number(10);
    const at = this.#at;
    this.skip(length);
    return this.#bytes.toString('utf8', at, at + Math.min(length, bounds.characters));
  }

  skipText(): void {
    this.skip(this.number(10));
  }
}
