import { getSystemErrorMap } from 'node:util';

/** Maximum number of failures that are reported of a call that was tried in several ways. */
const maxAttempts = 3;

/**
 * What a caught value says. Of a failed system call these are the system's own words and the code: call, path and address are left out, because the
 * sentence around it names them. Of a call that was tried in several ways (each address of a host), it is what each of them has said.
 */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.message === '') {
    const texts = new Set(error.errors.slice(0, maxAttempts).map(errorText));
    return texts.size > 0 ? [...texts].join(', ') : error.name;
  }
  const { code, syscall, errno } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return error.message || error.name;
  const [, words = error.message] = (errno === undefined ? undefined : getSystemErrorMap().get(errno)) ?? [];
  return `${words} (${code})`;
}

/** What a server's answer says is wrong, in whichever of the usual forms: `{"error": {"message": …}}` or `{"error": …}`; all of it where it has neither. */
export function errorTextIn(answer: string): string {
  try {
    const { error } = JSON.parse(answer) as { readonly error?: unknown };
    const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
    return typeof message === 'string' ? message : answer;
  } catch {
    return answer;
  }
}

/** A caught value as an error. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
