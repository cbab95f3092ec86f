/** Who may ask what listens on loopback: whoever knows the token, by a name of loopback. */
import { randomBytes, timingSafeEqual } from 'node:crypto';

export function newToken(): string {
  return randomBytes(24).toString('base64url');
}

/** Compares in a time that does not tell how much of it is right. */
export function isToken(shown: string, token: string): boolean {
  const [one, other] = [Buffer.from(shown), Buffer.from(token)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** What an `Authorization: Bearer` shows; empty where there is none. */
export function bearerOf(authorization = ''): string {
  return authorization.replace(/^Bearer /i, '');
}

/** The name by which a request was sent here, without its port. A page of a browser can have been lured here by a name of its own. */
export function hostNameOf(host = ''): string {
  return host.replace(/:\d+$/, '');
}

/** Whether this name, as it stands in a URL, is one of this machine's loopback. */
export function isLoopback(hostName: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(hostName);
}
