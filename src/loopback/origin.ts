/** `scheme://host`, with a port where it has one; what a browser sends is in lower case. */
const pattern = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*\\]+$/;
const longest = 300;

/**
 * The origin of pages, as a browser says it: `app://obsidian.md`, `https://chat.example:8443`.
 * @throws Error with a sentence where it is none.
 */
export function parseOrigin(text: string): string {
  const origin = text.trim();
  if (origin === '*' || origin === 'null') throw new Error(`'${origin}' would let any page ask; name each origin`);
  if (origin.length > longest || !pattern.test(origin))
    throw new Error(
      `'${origin.slice(0, longest)}' is not an origin, such as app://obsidian.md or https://chat.example: scheme and host in lower case, without a path`,
    );
  return origin;
}
