import { WardenGoneError } from '../client/wardenGone.ts';
import { errorText } from '../protocol/errors.ts';
import { GuardianError, TreeWardenError } from './api.ts';

/** What a request to the warden has failed of, as this package throws it. */
export function failureOf(error: unknown): TreeWardenError {
  return guardianFailure(error) ?? new TreeWardenError(errorText(error));
}

/** Undefined where the warden is there, and has refused what it was asked for. */
export function guardianFailure(error: unknown): GuardianError | undefined {
  if (!(error instanceof WardenGoneError)) return undefined;
  return new GuardianError('The background process that guards the trees has ended.', { cause: error });
}
