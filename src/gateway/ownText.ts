/** A part of a text holds on to all of it in the heap; this one does not. */
export function ownText(part: string): string {
  return Buffer.from(part).toString();
}
