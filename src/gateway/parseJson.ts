/**
 * JSON has no mark of a byte order, but editors write it.
 * @throws SyntaxError where it is none.
 */
export function parseJson(bytes: Buffer): unknown {
  return JSON.parse(bytes.toString().replace(/^\uFEFF/, ''));
}
