/** Tokens: the secrets that clients of a server on loopback have to show. */
import { randomBytes, timingSafeEqual } from 'node:crypto';

/** Characters of a token. What is shorter can be guessed; what is longer does not fit into a header. */
const length = { least: 16, most: 1024 } as const;

export function newToken(): string {
  return randomBytes(24).toString('base64url');
}

/**
 * A token that was chosen by a person, without the white space around it.
 * @throws Error with a sentence where it cannot be one.
 */
export function parseToken(text: string): string {
  const token = text.trim();
  if (token === '') throw new Error('is empty, so that every client would know it');
  // Whatever else cannot stand in a header.
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new Error('may have letters, digits and signs of ASCII only, without spaces and control characters');
  if (token.length < length.least) throw new Error(`has ${token.length} characters, and needs at least ${length.least}`);
  if (token.length > length.most) throw new Error(`has ${token.length} characters, and may have ${length.most} at most`);
  return token;
}

/** Compares in a time that does not tell how much of it is right. An empty token is never right. */
export function isToken(shown: string, token: string): boolean {
  const [one, other] = [Buffer.from(shown), Buffer.from(token)];
  return other.length > 0 && one.length === other.length && timingSafeEqual(one, other);
}

/** What an `Authorization: Bearer` shows; empty where there is none. */
export function bearerOf(authorization = ''): string {
  return authorization.replace(/^Bearer /i, '');
}
