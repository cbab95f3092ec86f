import { ResponseError } from 'vscode-jsonrpc';
import { errorCodes } from '../protocol/errorCodes.ts';
import type { ErrorData, ErrorReason } from '../protocol/errorReasons.ts';

/** A refusal: one sentence for people, and for programs a code and, where there is more to tell, a reason. */
export class RequestError extends ResponseError<ErrorData | undefined> {
  constructor(code: keyof typeof errorCodes, message: string, reason?: ErrorReason) {
    super(errorCodes[code], message, reason && { reason });
  }
}
