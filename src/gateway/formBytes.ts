/** Where the fields of a form stand in its bytes (multipart/form-data, RFC 7578), so that one of them can be replaced and all others stay as they are. */
import type { ByteRange } from './jsonBytes.ts';

export interface FormField extends ByteRange {
  readonly name: string;
  readonly isFile: boolean;
}

/** Bounds of what a client may send. */
const most = { fields: 1000, headBytes: 16 * 1024, boundary: 200 } as const;
const lineEnd = '\r\n';
const headEnd = '\r\n\r\n';

/** @throws Error where it is no such form. */
export function fieldsOf(bytes: Buffer, contentType: string): FormField[] {
  const boundary = boundaryOf(contentType);
  const fields: FormField[] = [];
  const first = `--${boundary}`;
  const delimiter = Buffer.from(`${lineEnd}${first}`);
  let at = bytes.indexOf(first) === 0 ? first.length : behindDelimiter(bytes, delimiter, 0).end;
  while (!isLast(bytes, at)) {
    if (fields.length >= most.fields) throw new Error(`it has more than ${most.fields} parts`);
    const head = bytes.indexOf(headEnd, at);
    if (head < 0 || head - at > most.headBytes) throw new Error('a part has no head, or one that is too long');
    const start = head + headEnd.length;
    const next = behindDelimiter(bytes, delimiter, start);
    fields.push({ ...dispositionIn(bytes.toString('utf8', at, head)), start, end: next.start });
    at = next.end;
  }
  return fields;
}

function boundaryOf(contentType: string): string {
  const [, quoted, plain] = contentType.match(/;\s*boundary=(?:"([^"]*)"|([^\s;"]+))/i) ?? [];
  const boundary = quoted ?? plain ?? '';
  if (boundary === '' || boundary.length > most.boundary) throw new Error('its content type has no boundary, or one that is too long');
  return boundary;
}

/** The next one that is whole: what only begins like it is content. */
function behindDelimiter(bytes: Buffer, delimiter: Buffer, from: number): ByteRange {
  for (let start = bytes.indexOf(delimiter, from); start >= 0; start = bytes.indexOf(delimiter, start + 1)) {
    let end = start + delimiter.length;
    if (isLast(bytes, end)) return { start, end };
    // White space that a relay may have added.
    while (bytes[end] === 0x20 || bytes[end] === 0x09) end++;
    if (bytes[end] === 0x0d && bytes[end + 1] === 0x0a) return { start, end };
  }
  throw new Error('it does not end with its boundary');
}

function isLast(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0x2d && bytes[at + 1] === 0x2d;
}

const disposition = /^content-disposition:\s*form-data(.*)$/im;
const parameter = /\s*;\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/gy;

function dispositionIn(head: string): { readonly name: string; readonly isFile: boolean } {
  const [, parameters = ''] = head.match(disposition) ?? [];
  let name = '';
  let isFile = false;
  for (const [, key = '', quoted, plain = ''] of parameters.matchAll(parameter)) {
    if (key.toLowerCase() === 'name') name = quoted?.replace(/\\(.)/g, '$1').replaceAll('%22', '"') ?? plain;
    if (/^filename\*?$/i.test(key)) isFile = true;
  }
  return { name, isFile };
}
