/** Requests about processes that Tree Warden did not start. */
import { RequestType } from 'vscode-jsonrpc';
import type { ExternalKind, Guard } from './external.ts';
import type { TreeId } from './identity.ts';
import type { TreeSnapshot } from './snapshot.ts';
import type { StopStep } from './startRequest.ts';

export interface FollowRequest {
  readonly pid: number;
  /** The extension host: only what it or the editor that has started it has started is followed. */
  readonly host: number;
  readonly kind: ExternalKind;
  readonly name: string;
  readonly guard: Guard;
  /** How it is stopped. */
  readonly stop: readonly StopStep[];
  /** How long it waits for the next owner of the warden where its window is gone, in milliseconds: a window that is reloaded keeps its terminals. */
  readonly keepMillis: number;
}

/** A process that the extension host has started by itself. */
export interface HostChild {
  readonly pid: number;
  readonly name: string;
  /** As it would be typed, with what looks like a secret masked. */
  readonly commandLine: string;
}

/** Lists a running process and what descends from it as a tree. For one that is listed already, kind, name and guard are brought up to date. */
export const follow = new RequestType<FollowRequest, TreeSnapshot, void>('external/follow');
/** Changes how firmly it is held. */
export const setGuard = new RequestType<{ readonly tree: TreeId; readonly guard: Guard }, TreeSnapshot, void>('external/guard');
/** Takes it off the list; nothing is ended, and its marks are taken off. */
export const forget = new RequestType<{ readonly tree: TreeId }, void, void>('external/forget');
/** The processes that this extension host has started by itself: no member of a tree, and no warden. */
export const hostChildren = new RequestType<{ readonly host: number }, readonly HostChild[], void>('external/hostChildren');
/**
 * Whether what the editor's process for terminals starts is to be born with a mark, by which everything of it is found even if it was started before
 * {@link follow}. That process is found beside the extension host, or is the parent of the first terminal that is followed.
 */
export const markHosts = new RequestType<{ readonly host: number; readonly marked: boolean }, void, void>('external/markHosts');
