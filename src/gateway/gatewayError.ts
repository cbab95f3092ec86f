export interface ErrorDetails {
  /** What programs tell errors apart by; absent: the one that belongs to the status. */
  readonly code?: string;
  /** The field of the request that is wrong. */
  readonly param?: string;
  /** False where another attempt would end the same way; absent: the client decides by the status. */
  readonly retry?: boolean;
  readonly retryAfterSeconds?: number;
  /** Nothing of an answer has come: the model's fallback may be asked instead. */
  readonly mayFallBack?: true;
}

/** Why a request is not answered as it was meant to be, for the client that has made it. */
export class GatewayError extends Error {
  readonly status: number;
  readonly details: ErrorDetails;

  constructor(status: number, message: string, details: ErrorDetails = {}) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

/** Whose clients speak: each wants errors in words of its own. */
export type Dialect = 'openai' | 'anthropic';

interface Kind {
  /** As OpenAI and as Anthropic name kinds of errors. */
  readonly openai: string;
  readonly anthropic: string;
  readonly code: string;
}

/** Of OpenAI's: https://platform.openai.com/docs/guides/error-codes; of Anthropic's: https://docs.anthropic.com/en/api/errors. */
const kinds: Readonly<Record<number, Kind>> = {
  400: { openai: 'invalid_request_error', anthropic: 'invalid_request_error', code: 'invalid_request' },
  401: { openai: 'invalid_request_error', anthropic: 'authentication_error', code: 'invalid_api_key' },
  403: { openai: 'invalid_request_error', anthropic: 'permission_error', code: 'permission_denied' },
  404: { openai: 'invalid_request_error', anthropic: 'not_found_error', code: 'not_found' },
  408: { openai: 'invalid_request_error', anthropic: 'invalid_request_error', code: 'request_timeout' },
  413: { openai: 'invalid_request_error', anthropic: 'request_too_large', code: 'request_too_large' },
  424: { openai: 'server_error', anthropic: 'api_error', code: 'model_load_failed' },
  429: { openai: 'rate_limit_error', anthropic: 'rate_limit_error', code: 'rate_limit_exceeded' },
  502: { openai: 'server_error', anthropic: 'api_error', code: 'upstream_failed' },
  503: { openai: 'server_error', anthropic: 'overloaded_error', code: 'unavailable' },
};
const otherRequest: Kind = { openai: 'invalid_request_error', anthropic: 'invalid_request_error', code: 'invalid_request' };
const otherFailure: Kind = { openai: 'server_error', anthropic: 'api_error', code: 'server_error' };

/**
 * A model that cannot be loaded. Clients retry every status from 500 up (openai-node, anthropic-sdk and most others, twice or more), and each attempt
 * would load it anew: so it is "failed dependency", which they do not retry.
 */
export function loadFailure(message: string): GatewayError {
  return new GatewayError(424, message, { retry: false, mayFallBack: true });
}

export function errorBody(error: GatewayError, dialect: Dialect): string {
  const { message, status, details } = error;
  const { [dialect]: type, code } = kinds[status] ?? (status < 500 ? otherRequest : otherFailure);
  if (dialect === 'anthropic') return JSON.stringify({ type: 'error', error: { type, message } });
  return JSON.stringify({ error: { message, type, param: details.param ?? null, code: details.code ?? code } });
}

/** Beside its content type; both makers' clients obey `x-should-retry`. */
export function errorHeaders({ details: { retry, retryAfterSeconds } }: GatewayError): Record<string, string> {
  return {
    ...(retry !== undefined && { 'X-Should-Retry': String(retry) }),
    ...(retryAfterSeconds !== undefined && { 'Retry-After': String(retryAfterSeconds) }),
  };
}

/** As an event of a stream that has begun: the last one. */
export function errorEvent(error: GatewayError, dialect: Dialect): string {
  // A line that had no end yet is ended by the first newline, and an event by the second one.
  return `\n\n${dialect === 'anthropic' ? 'event: error\n' : ''}data: ${errorBody(error, dialect)}\n\n`;
}
