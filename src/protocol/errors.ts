/** What a caught value says; the system's own words for a failed call, without Node's prefix of code and path. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return error.message;
  const [, words = error.message] = error.message.match(/^[A-Z0-9_]+: (.*?), \w+/) ?? [];
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
