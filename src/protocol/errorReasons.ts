/**
 * Why a request has failed, for programs: the `data` of an error answer. The message is for people, and no program
 * decides by it.
 */
export type ErrorReason =
  /** No folder of the PATH has the command. */
  | 'commandNotFound'
  /** The path of the command leads to no file. */
  | 'fileNotFound'
  /** The file is there, and is not a program, or not one that this user may run. */
  | 'notExecutable'
  /** The working directory is missing, or may not be entered. */
  | 'folderUnusable'
  /** The other side speaks only versions of the protocol that do not have this request. */
  | 'versionNeeded';

export interface ErrorData {
  readonly reason: ErrorReason;
}

/** The reason that an error carries, whether it was thrown in this process or came as an answer; undefined where it has none. */
export function reasonOf(error: unknown): ErrorReason | undefined {
  const { reason, data } = (error ?? {}) as { readonly reason?: ErrorReason; readonly data?: Partial<ErrorData> };
  return data?.reason ?? reason;
}
