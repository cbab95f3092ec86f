import type { Dialect } from './gatewayError.ts';

/** What a path asks for. */
export type Route =
  | { readonly to: 'health' }
  | { readonly to: 'models' }
  | { readonly to: 'oneModel'; readonly model: string }
  /** The model's name is in the body. `path`: as servers know it, with its query. */
  | { readonly to: 'inference'; readonly dialect: Dialect; readonly path: string }
  /** A server's own path, its query included. */
  | { readonly to: 'upstream'; readonly model: string; readonly path: string }
  | { readonly to: 'nothing' };

const inference =
  /^\/(chat\/completions|completions|embeddings|responses|rerank|reranking|audio\/[a-z]+|images\/[a-z]+|messages(\/count_tokens)?)$/;
/** Those that servers have without `/v1` too, and some only so. */
const unversioned = /^\/(rerank|reranking)$/;
/** Maximum number of parts of a model's name, such as `org/model/file`. */
const maxNameParts = 8;

/**
 * Clients have their ways of putting a base address and a path together: slashes may be doubled or stand at the end, `/v1` may be there twice, or not at all.
 * @param url As the client has written it: path and query.
 * @param hasModel Whether there is a model of this name.
 */
export function routeOf(method: string, url: string, hasModel: (name: string) => boolean = () => false): Route {
  const [written, query] = partsOf(url);
  const upstream = written.match(/^\/+upstream\/+([^/].*)$/s)?.[1];
  if (upstream !== undefined) return upstreamOf(upstream, query, hasModel);
  const path = tidied(written);
  const bare = path.replace(/^(\/v1)+(?=\/|$)/, '');
  const reads = method === 'GET' || method === 'HEAD';
  // First what nearly all of them are.
  if (method === 'POST' && inference.test(bare)) {
    const known = path === bare && unversioned.test(bare) ? bare : `/v1${bare}`;
    return { to: 'inference', dialect: bare.startsWith('/messages') ? 'anthropic' : 'openai', path: `${known}${query}` };
  }
  if (reads && bare === '/health') return { to: 'health' };
  if (reads && bare === '/models') return { to: 'models' };
  if (reads && bare.startsWith('/models/')) return { to: 'oneModel', model: decode(bare.slice('/models/'.length)) };
  return { to: 'nothing' };
}

/** The longest name that there is; where there is none, the first part, for the message. */
function upstreamOf(rest: string, query: string, hasModel: (name: string) => boolean): Route {
  const parts = rest.split('/');
  const route = (count: number): Route => ({
    to: 'upstream',
    model: nameOf(parts, count),
    path: `/${parts.slice(count).join('/')}${query}`,
  });
  for (let count = Math.min(parts.length, maxNameParts); count > 1; count--) if (hasModel(nameOf(parts, count))) return route(count);
  return route(1);
}

function nameOf(parts: readonly string[], count: number): string {
  return parts.slice(0, count).map(decode).join('/');
}

/** `query`: with its question mark, or empty. */
function partsOf(url: string): [path: string, query: string] {
  // A client that takes us for a proxy writes all of the address.
  const own = url.replace(/^https?:\/\/[^/?]*/i, '');
  const at = own.indexOf('?');
  return at < 0 ? [own, ''] : [own.slice(0, at), own.slice(at)];
}

function tidied(path: string): string {
  const single = path.includes('//') ? path.replace(/\/{2,}/g, '/') : path;
  return single.length > 1 && single.endsWith('/') ? single.slice(0, -1) : single;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // It is no model's name then.
  }
}
