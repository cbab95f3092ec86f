import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { GatewayError } from './gatewayError.ts';

/** What becomes of a server's answer on its way to the client. */
export interface AnswerWriter {
  /** Whether it is an error. */
  readonly failed: boolean;
  start(status: number, headers: IncomingHttpHeaders): void;
  /**
   * Whether the client takes more; else it does when the response drains.
   * @throws GatewayError where no more of the answer can be used; it is broken off with that.
   */
  write(chunk: Buffer): boolean;
  end(): void;
  /** The server has broken off, once its head had come. */
  breakOff(error: GatewayError): void;
}

/** Headers that concern a single connection (RFC 9110, 7.6.1). */
export const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
] as const;

/** Those of a server's answer that its client gets. */
export function headersWithout(headers: IncomingHttpHeaders, dropped: ReadonlySet<string>): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {};
  for (const name in headers) if (!dropped.has(name)) kept[name] = headers[name];
  return kept;
}
