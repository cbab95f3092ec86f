import { isAscii } from 'node:buffer';
import { stripVTControlCharacters } from 'node:util';
import { requiredText } from './requiredText.ts';

/** Where a line is in a block, in bytes, without its end. */
export interface LineRange {
  readonly start: number;
  readonly end: number;
}

const newline = 10;
const carriageReturn = 13;
const escapeCharacter = 27;
/** The last byte of the other character that begins a control sequence, in UTF-8. */
const controlSequenceByte = 0x9b;
/** About how much is searched at once, in bytes: what the processor's cache holds as text, and as bytes. */
const windowBytes = 64 * 1024;
/** How far apart lines are, in bytes, of which each is tried by itself: where more have the needed text, it is faster to search all of them at once. */
const sparseBytes = 2 * 1024;

/** A line has no control sequences where it is tried. A regular expression of JavaScript takes its time, so it is for people and their own logs. */
export type LineTest = Pick<RegExp, 'test'>;

/** What may match across an end of a line: of such a pattern, each line is tried by itself. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a range that begins with one has the ends of lines in it.
const crossesLines = /\\[snrDWSPpcxuk\d]|\\[bt]-|\[\^|\(\?(?!:|=|!|<=|<!)|[\0-\x1f]/;
/** What is not to match: there, it counts what `^` and `$` take for an end of a line. */
const excludes = /\(\?<?!/;

/** All lines of a block. */
export function* lineRanges(block: Buffer): Generator<LineRange, void, void> {
  for (let start = 0; start < block.length; ) {
    const found = block.indexOf(newline, start);
    const next = found < 0 ? block.length : found;
    yield rangeOf(block, start, next);
    start = next + 1;
  }
}

/**
 * The lines of a block that a pattern matches. Colours and other control sequences are no part of a line here. Most of a log is passed over where a match has a text in it
 * that is not there. Plain text, which most logs are, is searched many lines at a time, since a call for each line takes several times as long.
 */
export function* matchingRanges(block: Buffer, pattern: LineTest): Generator<LineRange, void, void> {
  const alone = pattern instanceof RegExp ? new RegExp(pattern.source, pattern.flags.replaceAll(/[gmy]/g, '')) : pattern;
  const text: BlockText = { block, isAscii: isAscii(block), hasControls: hasControlSequences(block) };
  const needed = alone instanceof RegExp && !text.hasControls ? neededBytes(alone) : undefined;
  for (let start = 0; start < block.length; ) {
    let end = start + windowBytes;
    if (needed) {
      const found = block.indexOf(needed, start);
      if (found < 0) return;
      // Many lines have it where one that is near has it as well.
      if (found - start > sparseBytes) end = found;
      start = found === 0 ? 0 : Math.max(start, block.lastIndexOf(newline, found - 1) + 1);
    }
    const ending = end < block.length ? block.indexOf(newline, end) + 1 : 0;
    end = ending > 0 ? ending : block.length;
    yield* rangesInWindow(text, start, end, alone);
    start = end;
  }
}

/** What is known of a block as a whole; of a part of it, less may be true. */
interface BlockText {
  readonly block: Buffer;
  readonly isAscii: boolean;
  readonly hasControls: boolean;
}

function neededBytes(pattern: RegExp): Buffer | undefined {
  const text = requiredText(pattern);
  return text === undefined ? undefined : Buffer.from(text);
}

function hasControlSequences(bytes: Buffer): boolean {
  return bytes.includes(escapeCharacter) || bytes.includes(controlSequenceByte);
}

function* rangesInWindow(
  { block, isAscii: isBlockAscii, hasControls }: BlockText,
  start: number,
  end: number,
  pattern: LineTest,
): Generator<LineRange, void, void> {
  const window = block.subarray(start, end);
  const isPlain = !hasControls || !hasControlSequences(window);
  const encoding = isBlockAscii || isAscii(window) ? 'latin1' : 'utf8';
  const isMatch = (line: LineRange): boolean => {
    const text = block.toString(encoding, line.start, line.end);
    return pattern.test(isPlain ? text : stripVTControlCharacters(text));
  };
  if (pattern instanceof RegExp && isPlain && encoding === 'latin1' && !crossesLines.test(pattern.source)) {
    // There, a carriage return is the end of a line, too: it may be found where it does not match by itself, or the other way round.
    const hasReturns = window.includes(carriageReturn);
    if (!(hasReturns && excludes.test(pattern.source))) {
      for (const range of rangesInText(block, start, window.toString('latin1'), pattern)) if (!hasReturns || isMatch(range)) yield range;
      return;
    }
  }
  for (const range of lineRanges(window)) {
    const line = { start: start + range.start, end: start + range.end };
    if (isMatch(line)) yield line;
  }
}

/** `text`: of the window that begins at `from`. */
function* rangesInText(block: Buffer, from: number, text: string, pattern: RegExp): Generator<LineRange, void, void> {
  const inText = new RegExp(pattern.source, `${pattern.flags}gm`);
  while (inText.lastIndex < text.length) {
    const match = inText.exec(text);
    // An empty match behind the last end of a line is in none.
    if (match === null || (match.index === text.length && text.endsWith('\n'))) return;
    const start = match.index === 0 ? 0 : text.lastIndexOf('\n', match.index - 1) + 1;
    const found = text.indexOf('\n', match.index);
    const next = found < 0 ? text.length : found;
    yield rangeOf(block, from + start, from + next);
    inText.lastIndex = next + 1;
  }
}

/** Most terminals end a line by two characters. */
function rangeOf(block: Buffer, start: number, end: number): LineRange {
  return { start, end: end > start && block[end - 1] === carriageReturn ? end - 1 : end };
}
