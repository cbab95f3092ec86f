import { errorText } from '../protocol/errors.ts';

/** Says of a new file why it could not be written. */
export function notWritten(path: string, error: unknown): Error {
  return new Error(`${path} could not be written: ${errorText(error)}.`);
}
