/** What a request costs of a budget. */
import type { RequestChanges } from '../../protocol/modelFacts.ts';
import type { ModelRequest } from '../../protocol/models.ts';
import { GatewayError } from '../gatewayError.ts';
import { NotBegunError, type ProxyResult, type UpstreamRequest } from '../upstreamExchange.ts';

/** Bytes of a request that are taken for a token where the server does not say: about as many as English text has. */
const bytesOfToken = 4;
/** Where it is asked how many tokens a request has: no model reads them. */
const counting = /^\/v1\/messages\/count_tokens(?:\?|$)/;
/** Where a stream says what it has cost only when it is asked to. */
const completions = /^\/v1\/(?:chat\/)?completions(?:\?|$)/;

/** What is changed in a request so that its answer says how many tokens it has cost; nothing where these are not counted, or are said anyway. */
export function usageChanges({ budget }: ModelRequest, path: string, isStream: boolean): RequestChanges[] {
  if (budget?.tokens === undefined || !isStream || !completions.test(path)) return [];
  return [{ set: { stream_options: { include_usage: true } } }];
}

/** A request that has been sent. */
type Sent = Pick<UpstreamRequest, 'path' | 'body'>;

/** As the server has counted them, those from its cache and for its cache like all others: they are billed, too, at whatever price. Of an answer that does not say, what the request alone has cost. */
export function tokensOf({ usage }: ProxyResult, status: number, sent: Sent): number {
  if (counting.test(sent.path)) return 0;
  const { inputTokens, outputTokens } = usage;
  if (inputTokens !== undefined || outputTokens !== undefined) return (inputTokens ?? 0) + (outputTokens ?? 0);
  return status < 400 ? estimatedTokens(sent) : 0;
}

export function estimatedTokens({ path, body }: Sent): number {
  return Buffer.isBuffer(body) && !counting.test(path) ? Math.ceil(body.length / bytesOfToken) : 0;
}

/** Whether the server has not begun an answer, so that nothing is charged. */
export function wasNotAnswered(error: unknown): boolean {
  return error instanceof NotBegunError || (error instanceof GatewayError && error.details.mayFallBack === true);
}
