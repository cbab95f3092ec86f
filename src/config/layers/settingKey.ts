/** The name of one value of a process, where some of its objects are merged key by key. */

/** No name of a variable has a NUL character. */
const separator = '\0';

export function settingKey(key: string, within?: string): string {
  return within === undefined ? key : `${key}${separator}${within}`;
}

/** The key, and the one within it where its object is merged key by key. */
export function partsOfKey(key: string): readonly [string, string?] {
  const at = key.indexOf(separator);
  return at < 0 ? [key] : [key.slice(0, at), key.slice(at + 1)];
}
