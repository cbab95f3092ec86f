/** What a server elsewhere is told of a client, and a client of it. */
import type { IncomingHttpHeaders } from 'node:http';
import type { RemoteApi, RemoteUpstream } from '../../protocol/remoteModels.ts';

/** The version of Anthropic's API where the client asks for none: https://docs.anthropic.com/en/api/versioning. */
const anthropicVersion = '2023-06-01';

/**
 * What of a client's headers leaves this machine. Others, such as cookies and the page that asks, are for this address; the names are those that OpenAI's, Anthropic's
 * and OpenRouter's APIs document.
 */
const toServer = /^(?:accept|content-type|user-agent|idempotency-key|http-referer|x-title|openai-.+|anthropic-.+|x-stainless-.+)$/;

/** What a server says to its own pages and connections, or about who asks: a browser would take it for this address's. */
const notToClient =
  /^(?:set-cookie2?|location|alt-svc|strict-transport-security|clear-site-data|access-control-.+|content-security-policy)$/;

export function headersToServer(headers: unknown, { api, key }: RemoteUpstream): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries((headers ?? {}) as Record<string, string | string[]>))
    if (toServer.test(name)) kept[name] = value;
  // Answers are read on their way, for their tokens and to be translated.
  return { ...defaultsOf(api), ...kept, 'accept-encoding': 'identity', ...keyHeader(api, key) };
}

export function headersToClient(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !notToClient.test(name)));
}

function defaultsOf(api: RemoteApi): Record<string, string> {
  return api === 'anthropic' ? { 'anthropic-version': anthropicVersion } : {};
}

function keyHeader(api: RemoteApi, key: string | undefined): Record<string, string> {
  if (key === undefined) return {};
  return api === 'anthropic' ? { 'x-api-key': key } : { authorization: `Bearer ${key}` };
}
