import { ErrorCodes, ResponseError } from 'vscode-jsonrpc';

/** What the library says when a connection ends under a request. */
const lossCodes: readonly number[] = [ErrorCodes.PendingResponseRejected, ErrorCodes.MessageWriteError];

/** Whether an error of a request is the other side's answer. What is none is the end of the connection, in one of its many forms. */
export function isAnswer(error: unknown): error is ResponseError<unknown> {
  return error instanceof ResponseError && !lossCodes.includes(error.code);
}
