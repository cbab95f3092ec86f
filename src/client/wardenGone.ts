import { isAnswer } from '../protocol/answers.ts';

/** The warden has ended, or is ending: for a client of another one's that is no failure, its trees have ended with it. */
export class WardenGoneError extends Error {
  constructor(cause?: unknown) {
    super('The warden has ended.', { cause });
  }
}

/** @throws WardenGoneError where the connection has ended before the answer; the warden's own error otherwise. */
export async function answerOf<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw isAnswer(error) ? error : new WardenGoneError(error);
  }
}
