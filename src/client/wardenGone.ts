import { ErrorCodes, ResponseError } from 'vscode-jsonrpc';

/** The warden has ended, or is ending: for a client of another one's that is no failure, its trees have ended with it. */
export class WardenGoneError extends Error {
  constructor(cause?: unknown) {
    super('The warden has ended.', { cause });
  }
}

/** What the library says when a connection ends under a request. */
const lossCodes: readonly number[] = [ErrorCodes.PendingResponseRejected, ErrorCodes.MessageWriteError];

/** @throws WardenGoneError where the connection has ended before the answer; the warden's own error otherwise. */
export async function answerOf<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    // What is no answer of the other side's is the end of the connection, in one of its many forms.
    throw error instanceof ResponseError && !lossCodes.includes(error.code) ? error : new WardenGoneError(error);
  }
}
