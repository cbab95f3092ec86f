/** Why a request is not answered as it was meant to be, for the client that has made it. */
export class GatewayError extends Error {
  readonly status: number;
  /** As OpenAI and Anthropic name kinds of errors. */
  readonly type: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, message: string, retryAfterSeconds?: number) {
    super(message);
    this.status = status;
    this.type = types[status] ?? 'api_error';
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

const types: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
};

/** Whose clients speak: each wants errors in words of its own. */
export type Dialect = 'openai' | 'anthropic';

export function errorBody(error: GatewayError, dialect: Dialect): string {
  const { type, message, status } = error;
  if (dialect === 'anthropic') return JSON.stringify({ type: 'error', error: { type, message } });
  return JSON.stringify({ error: { message, type, param: null, code: status } });
}

/** As an event of a stream that has begun: the last one. */
export function errorEvent(error: GatewayError, dialect: Dialect): string {
  // A line that had no end yet is ended by the first newline, and an event by the second one.
  return `\n\n${dialect === 'anthropic' ? 'event: error\n' : ''}data: ${errorBody(error, dialect)}\n\n`;
}
