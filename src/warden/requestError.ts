import { ResponseError } from 'vscode-jsonrpc';
import { errorCodes } from '../protocol/errorCodes.ts';
import type { ErrorData, ErrorReason } from '../protocol/errorReasons.ts';
import type { TreeId } from '../protocol/identity.ts';
import { type Text, withData } from '../protocol/texts.ts';

/** A refusal: one sentence for people, and for programs a code and, where there is more to tell, a reason. */
export class RequestError extends ResponseError<ErrorData | undefined> {
  constructor(code: keyof typeof errorCodes, message: Text, reason?: ErrorReason, more: Pick<ErrorData, 'needed'> = {}) {
    const data = { ...(reason && { reason }), ...withData('messageData', message), ...more };
    super(errorCodes[code], String(message), Object.keys(data).length > 0 ? data : undefined);
    // Its base class makes every instance one of its own.
    Object.setPrototypeOf(this, RequestError.prototype);
  }
}

/** Whether a stop has come between, so that nothing has failed. */
export function isSuperseded(error: unknown): boolean {
  return error instanceof RequestError && error.code === errorCodes.superseded;
}

export function noSuchTree(id: TreeId): never {
  throw new RequestError('noSuchTree', `There is no tree ${id}; it may have ended and been forgotten.`);
}
