import { ResponseError } from 'vscode-jsonrpc';
import { errorCodes } from '../protocol/messages.ts';

/** A refusal for whoever asked: one sentence, and a code for programs. */
export class RequestError extends ResponseError<void> {
  constructor(code: keyof typeof errorCodes, message: string) {
    super(errorCodes[code], message);
  }
}
