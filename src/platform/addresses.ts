/** `127.0.0.1`, `::1`: an address of 4 or 16 bytes, in the order in which they go over the net. */
export function addressOf(bytes: readonly number[]): string {
  const isMapped = bytes.length === 16 && bytes.every((byte, index) => index >= 12 || byte === (index < 10 ? 0 : 0xff));
  if (bytes.length === 4 || isMapped) return bytes.slice(-4).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16));
  // It knows how zeros are left out.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
