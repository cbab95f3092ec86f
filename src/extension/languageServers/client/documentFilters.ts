import type { WrittenFilter } from '../../../config/languageServerSchema.ts';

/** A filter of documents, as the editor and the protocol have it. */
export interface DocumentFilter {
  readonly language?: string;
  readonly scheme: string;
  /** Glob pattern, from the workspace folder on where `inFolder` is set, else for the whole path. */
  readonly pattern?: string;
  readonly inFolder?: true;
}

/** What no language identifier has, and a glob pattern does. */
const globCharacter = /[*?{}[\]/]/;

/**
 * The filters of a declaration.
 * @param isOnlyFolder Whether the window has one folder: then documents elsewhere, such as those of a library, belong to its servers as well.
 */
export function documentFilters(written: readonly WrittenFilter[], isOnlyFolder: boolean): DocumentFilter[] {
  return written.map((one) => {
    const { language, scheme = 'file', pattern } = typeof one === 'string' ? fromShortForm(one) : one;
    return { ...(language !== undefined && { language }), scheme, ...place(pattern, isOnlyFolder) };
  });
}

function fromShortForm(text: string): { readonly language?: string; readonly scheme?: string; readonly pattern?: string } {
  if (text === '*') return { language: '*' };
  return globCharacter.test(text) ? { pattern: text } : { language: text };
}

function place(pattern: string | undefined, isOnlyFolder: boolean): Pick<DocumentFilter, 'pattern' | 'inFolder'> {
  if (pattern === undefined) return isOnlyFolder ? {} : { pattern: '**', inFolder: true };
  if (pattern.startsWith('/') || /^[a-z]:[\\/]/i.test(pattern)) return { pattern };
  return pattern.startsWith('**') && isOnlyFolder ? { pattern } : { pattern, inFolder: true };
}
