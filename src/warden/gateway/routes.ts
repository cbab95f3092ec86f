import type { Dialect } from './gatewayError.ts';

/** What a path asks for. */
export type Route =
  | { readonly to: 'health' }
  | { readonly to: 'models' }
  | { readonly to: 'oneModel'; readonly model: string }
  /** The model's name is in the body. */
  | { readonly to: 'inference'; readonly dialect: Dialect }
  /** A server's own path, its query included. */
  | { readonly to: 'upstream'; readonly model: string; readonly path: string }
  | { readonly to: 'nothing' };

const inference = [
  /^\/v1\/(chat\/completions|completions|embeddings|responses|rerank|reranking|audio\/[a-z]+|images\/[a-z]+|messages(\/count_tokens)?)$/,
  /^\/(rerank|reranking)$/,
];

/** @param url As the client has written it: path and query. */
export function routeOf(method: string, url: string): Route {
  const [path, query] = partsOf(url);
  // First what nearly all of them are.
  if (method === 'POST' && inference.some((pattern) => pattern.test(path)))
    return { to: 'inference', dialect: path.startsWith('/v1/messages') ? 'anthropic' : 'openai' };
  if (path === '/health' && method === 'GET') return { to: 'health' };
  if (path === '/v1/models' && method === 'GET') return { to: 'models' };
  const [, one] = (method === 'GET' && path.match(/^\/v1\/models\/(.+)$/)) || [];
  if (one !== undefined) return { to: 'oneModel', model: decode(one) };
  const [, model, rest = ''] = path.match(/^\/upstream\/([^/]+)(\/.*)?$/) ?? [];
  if (model !== undefined) return { to: 'upstream', model: decode(model), path: `${rest || '/'}${query === undefined ? '' : `?${query}`}` };
  return { to: 'nothing' };
}

function partsOf(url: string): [path: string, query: string | undefined] {
  const at = url.indexOf('?');
  return at < 0 ? [url, undefined] : [url.slice(0, at), url.slice(at + 1)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // It is no model's name then.
  }
}
