import { GatewayError } from '../gatewayError.ts';

/** The client's request is wrong, or cannot be translated: no failure of a server. */
export class InvalidRequestError extends GatewayError {
  constructor(message: string, param?: string, code?: string) {
    super(400, message, { retry: false, ...(param !== undefined && { param }), ...(code !== undefined && { code }) });
  }
}
