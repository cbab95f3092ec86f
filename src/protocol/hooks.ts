/** Bounds of the commands that belong to the life of a process. */

/** Of one kind: before its start, when it is ready, at its end. */
export const maxHooks = 10;
/** Maximum time that one may take, in milliseconds. */
export const maxHookMillis = 60 * 60_000;
/** Maximum length of one, with its arguments, in UTF-16 code units. */
export const maxHookCharacters = 32_768;
/** Maximum number of steps of a stop: what a request may have, its record can keep. */
export const maxStopSteps = 1000;
/** Maximum length of all commands of a stop, as JSON, in bytes: its record has room for them. */
export const maxStopBytes = 2 * maxHooks * maxHookCharacters;
