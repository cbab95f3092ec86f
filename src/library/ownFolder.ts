/** The working directory of this program; undefined where it has been removed. */
export function ownFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}
