/** Codes of Node's errors for a package that is not there. */
const missingCodes: readonly unknown[] = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'];

/** Why a native package could not be loaded, as a clause: it is not in this build of Tree Warden, or what the system says. */
export function whyNotLoaded(error: unknown): string {
  if (!missingCodes.includes((error as NodeJS.ErrnoException).code)) return error instanceof Error ? error.message : String(error);
  return `this build of Tree Warden has no native parts for ${process.platform}-${process.arch}`;
}
