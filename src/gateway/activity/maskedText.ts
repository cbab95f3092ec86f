import type { KeptText } from '../../protocol/keptText.ts';

export interface TextLimits {
  /** Maximum number of bytes that are looked at. */
  readonly scanned: number;
  /** Maximum number of characters of the result. */
  readonly kept: number;
}

const mask = '***';
/** Characters of a run that are left of it: enough to tell a PNG from a JPEG. */
const runHead = 24;
/** Longer than any identifier; images and audio have many thousands. Some clients escape slashes. */
const base64Run = /[A-Za-z0-9+/_\\-]{512,}={0,2}/g;
/** A field of JSON, or of JSON within a text of JSON, with the beginning of its value. `token` alone is a word of answers with probabilities. */
const secretField =
  /(\\{0,15})"(?:(?:proxy[-_])?authorization|(?:set[-_])?cookie|password|passwd|passphrase|credentials?|(?:\w{1,40}[-_])?secret|(?:[\w-]{1,40}[-_])?api[-_]?key|(?:access|auth|bearer|refresh|session|id|api)[-_]?token)\\{0,15}"\s{0,20}:\s{0,20}/gi;
const bearer = /\bBearer\s{1,20}(?=[^\s"]{0,200}\d)[\w.~+/=-]{16,}/gi;

/** What may be kept of a body, of which it takes the beginning: no keys and passwords, and no images. One pass each, whatever the bytes are. */
export function maskedText(bytes: Buffer, size: number, { scanned, kept }: TextLimits): KeptText {
  const looked = bytes.subarray(0, scanned);
  if (looked.includes(0)) return { text: '', bytes: size, isCut: true };
  const text = looked.toString();
  const masked = text.replace(base64Run, shortened);
  const shown = maskFields(masked).replace(bearer, `Bearer ${mask}`);
  const isCut = size > looked.length || shown.length > kept;
  return {
    text: isCut ? shown.slice(0, kept) : shown,
    bytes: size,
    ...(shown !== text && { isMasked: true }),
    ...(isCut && { isCut }),
  };
}

/** A backslash at either end belongs to what is around it. */
function shortened(run: string): string {
  let end = run.length;
  while (end > 0 && run[end - 1] === '\\') end--;
  const head = run.slice(0, runHead).replace(/\\+$/, '');
  return `${head}…[${end} characters]${run.slice(end)}`;
}

function maskFields(text: string): string {
  let result = '';
  let from = 0;
  for (const found of text.matchAll(secretField)) {
    if (found.index < from) continue;
    const start = found.index + found[0].length;
    const end = endOfValue(text, start, found[1]?.length ?? 0);
    if (end <= start) continue;
    result += `${text.slice(from, start)}${quotedMask(found[1] ?? '')}`;
    from = end;
  }
  return result + text.slice(from);
}

function quotedMask(escapes: string): string {
  return `${escapes}"${mask}${escapes}"`;
}

/** Behind the value that begins there; the same place where it is neither a text nor a number. `escapes`: number of backslashes before a quote. */
function endOfValue(text: string, start: number, escapes: number): number {
  const opening = '\\'.repeat(escapes);
  if (!text.startsWith(`${opening}"`, start)) return start + (text.slice(start, start + 40).match(/^-?\d[\d.eE+-]*/)?.[0].length ?? 0);
  for (let at = text.indexOf('"', start + escapes + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let before = at;
    // More of them than at its beginning belong to the value; where it ends with a backslash, more is masked than has to be.
    while (at - before <= escapes && text[before - 1] === '\\') before--;
    if (at - before <= escapes) return at + 1;
  }
  return text.length;
}
