import { errorText } from './errors.ts';
import type { NeededValues } from './startVariables.ts';
import { Localizable, type Text, type TextData, textFrom } from './texts.ts';

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
  | 'versionNeeded'
  /** The queue of a pool of jobs is full. */
  | 'queueFull'
  /** The lost job that this one was to be instead of has been queued again already. */
  | 'alreadyQueued'
  /** The model service has ended, or ends: another one can be started. */
  | 'modelServiceGone';

export interface ErrorData {
  readonly reason?: ErrorReason;
  /** A start needs values that were not given: which ones, process by process. */
  readonly needed?: readonly NeededValues[];
  /** The message as data, for a client that translates it. */
  readonly messageData?: TextData;
}

/** The reason that an error carries, whether it was thrown in this process or came as an answer; undefined where it has none. */
export function reasonOf(error: unknown): ErrorReason | undefined {
  const { reason, data } = (error ?? {}) as { readonly reason?: ErrorReason; readonly data?: Partial<ErrorData> };
  return data?.reason ?? reason;
}

/** What a start needs that was not given, where it was refused for that. */
export function neededIn(error: unknown): readonly NeededValues[] | undefined {
  const { data } = (error ?? {}) as { readonly data?: Partial<ErrorData> };
  return data?.needed;
}

/** What an error says, which may be known as data, whether it was thrown in this process or came as an answer. */
export function textOfError(error: unknown): Text {
  const { text, data } = (error ?? {}) as { readonly text?: unknown; readonly data?: Partial<ErrorData> };
  return text instanceof Localizable ? text : textFrom(errorText(error), data?.messageData);
}
