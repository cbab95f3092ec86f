/** What a caught value says; the system's own words for a failed call, without Node's prefix of code and path. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return error.message;
  const [, words = error.message] = error.message.match(/^[A-Z0-9_]+: (.*?), \w+/) ?? [];
  return `${words} (${code})`;
}
