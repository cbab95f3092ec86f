/** JSON with comments as a tree, within bounds: for text that comes from outside. */
import { createScanner, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';

/** A part of a text that something is wrong with. */
export interface Fault {
  readonly offset: number;
  readonly length: number;
  readonly message: string;
  /** Every parser of JSON says so. */
  readonly isJson?: true;
}

/** More than any file of ours has; the parser calls itself for each level. */
const maxDepth = 64;
/** Enough to begin with; a text of nothing but mistakes has one for each character. */
const maxErrors = 20;

/** jsonc-parser's values of SyntaxKind, an enum that is only there in types. */
const closingOf = new Map([
  [1, 2],
  [3, 4],
]);
const endOfText = 17;

/**
 * The tree of a text with comments and trailing commas, and what is wrong with it; the tree is undefined where there is nothing in it.
 * Its time grows with the length of the text, whatever is in it. Never throws.
 */
export function parseJsonTree(text: string): { readonly tree: Node | undefined; readonly faults: readonly Fault[] } {
  const scanned = scanDepth(text);
  if (scanned === 'empty') return { tree: undefined, faults: [] };
  if (scanned !== 'fine') return { tree: undefined, faults: [scanned] };
  const errors = new FirstErrors();
  let tree: Node | undefined;
  try {
    tree = parseTree(text, errors, { allowTrailingComma: true });
  } catch (error) {
    if (!(error instanceof EnoughErrors)) throw error;
  }
  // The end of the text may be missing for several things that are open.
  const faults = new Map<string, Fault>();
  for (const { offset, length, error } of errors)
    faults.set(`${offset} ${error}`, { offset, length, message: `Not valid JSON: ${wordsOf(error)}`, isJson: true });
  return { tree, faults: [...faults.values()] };
}

class EnoughErrors extends Error {}

/** Ends the parsing when it is full: the parser itself has no limit. */
class FirstErrors extends Array<ParseError> {
  // What `map` makes is a list like any other.
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  override push(...errors: ParseError[]): number {
    if (this.length >= maxErrors) throw new EnoughErrors();
    return super.push(...errors);
  }
}

/** By the scanner, which does not call itself. What closes something else closes nothing, here as in the parser. */
function scanDepth(text: string): Fault | 'fine' | 'empty' {
  const scanner = createScanner(text, true);
  const closings: number[] = [];
  let token: number = scanner.scan();
  if (token === endOfText) return 'empty';
  for (; token !== endOfText; token = scanner.scan()) {
    const closing = closingOf.get(token);
    if (closing !== undefined) closings.push(closing);
    else if (token === closings.at(-1)) closings.pop();
    if (closings.length > maxDepth)
      return {
        offset: scanner.getTokenOffset(),
        length: scanner.getTokenLength(),
        message: `This is nested more than ${maxDepth} levels deep; nothing that belongs here is.`,
      };
  }
  return 'fine';
}

function wordsOf(error: ParseError['error']): string {
  return printParseErrorCode(error)
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
}
