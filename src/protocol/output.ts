/** What a tree prints, and what is typed into it. */
import { NotificationType, RequestType } from 'vscode-jsonrpc';
import type { TreeId } from './identity.ts';
import type { Dimensions } from './startRequest.ts';

export interface OutputRequest {
  readonly tree: TreeId;
  /** The first byte wanted, counted from the tree's start; what is no longer kept is left out. */
  readonly from: number;
  /**
   * What happens when the reader is slower than the process: `wait` holds the process up, as a pipe does, so nothing is
   * lost; `skip` leaves out what the ring buffer no longer holds.
   */
  readonly whenBehind: 'wait' | 'skip';
  /** Send what there is and end, instead of following. */
  readonly follow: boolean;
}

export interface OutputChunk {
  readonly subscription: number;
  /** Position behind this chunk, counted from the tree's start; acknowledge up to here. */
  readonly end: number;
  /** Bytes that were left out before this chunk. */
  readonly skipped: number;
  readonly base64: string;
}

/** Where a tree's output is on disk: the file at `path`, and before it those that were set aside, `path.1` being the newest of them. */
export interface OutputLog {
  readonly path: string;
  /** Position of the first byte of the file at `path`, counted as in {@link OutputRequest}; below 0 where that was printed before this warden. */
  readonly start: number;
  /** Position of the oldest byte that the warden has in memory. */
  readonly keptFrom: number;
  /** Position behind the newest byte; absent from older wardens. */
  readonly end?: number;
}

/** Begins to send a tree's output as {@link output}; answers with the number of the subscription. */
export const subscribeOutput = new RequestType<OutputRequest, number, void>('output/subscribe');
/** Null where there is no log, or parts of it could not be written. */
export const outputLog = new RequestType<{ readonly tree: TreeId }, OutputLog | null, void>('output/log');
/** A piece of a subscription, in order. */
export const output = new NotificationType<OutputChunk>('output');
/** Nothing more will come for this subscription. */
export const outputEnd = new NotificationType<{ readonly subscription: number }>('output/end');
/** The client has dealt with the output up to this position: more may follow. */
export const acknowledgeOutput = new NotificationType<{ readonly subscription: number; readonly end: number }>('output/ack');
/** Ends a subscription; what is under way may still arrive. */
export const unsubscribeOutput = new NotificationType<{ readonly subscription: number }>('output/unsubscribe');
/** Bytes for the tree's terminal or stdin. */
export const input = new NotificationType<{ readonly tree: TreeId; readonly base64: string }>('input');
/** Maximum length of {@link sendInput}'s `base64`, in characters. */
export const maxInputLength = 2 ** 20;
/** As {@link input}, with an answer: resolves when it is on its way, and is refused where the process has neither terminal nor pipe for it. */
export const sendInput = new RequestType<{ readonly tree: TreeId; readonly base64: string }, null, void>('input/send');
/** New size of the tree's terminal, in characters. */
export const resize = new NotificationType<Dimensions & { readonly tree: TreeId }>('resize');
