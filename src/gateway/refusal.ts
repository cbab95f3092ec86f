import { ResponseError } from 'vscode-jsonrpc';
import { errorCodes } from '../protocol/errorCodes.ts';

/** Why a request of the warden's clients is refused, as one sentence. */
export function notPossible(message: string): ResponseError<void> {
  return new ResponseError(errorCodes.notPossible, message);
}
