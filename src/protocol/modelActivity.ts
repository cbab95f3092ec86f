/** What models were asked lately, request by request. */
import { RequestType } from 'vscode-jsonrpc';
import type { TreeId } from './identity.ts';

export interface ModelActivity {
  /** Counts up from 1 in one gateway process. */
  readonly id: number;
  /** When it came, in milliseconds since 1970. */
  readonly startedAt: number;
  /** As it is declared. */
  readonly model: string;
  /** The name by which it was asked, where that is another one: an alias or a variant. */
  readonly asked?: string;
  /** The model that has answered instead, because that one could not. */
  readonly fallback?: string;
  /** The name of the key that the client has, where it has one of its own; else what it calls itself, in its `User-Agent`; empty where it does not. */
  readonly client: string;
  /** As the server knows it, without its query. */
  readonly path: string;
  readonly state: 'waiting' | 'answering' | 'ended';
  /** The model had to be loaded for it. */
  readonly isFirst?: true;
  /** The tree of the server that has taken it. */
  readonly server?: TreeId;
  /** Until a server had room for it, a load included; in milliseconds. */
  readonly queueMillis?: number;
  /** Of those, the ones in which that server was being loaded; absent where there are none. */
  readonly loadMillis?: number;
  /** From when it was sent until the answer began. */
  readonly firstMillis?: number;
  /** From when it came until its answer had ended. */
  readonly totalMillis?: number;
  readonly inputTokens?: number;
  /** Of those, the ones that the server still had from an earlier request. */
  readonly cachedTokens?: number;
  readonly outputTokens?: number;
  readonly tokensPerSecond?: number;
  /** Of HTTP; 499 where the client has gone before its answer had ended. */
  readonly status?: number;
  /** Why it has failed, as a sentence. */
  readonly error?: string;
  /** The gateway has kept what was said: see {@link requestBodies}. */
  readonly hasBodies?: true;
}

/** Maximum number of requests that a gateway remembers. */
export const maxActivity = 500;

export interface ActivityPage {
  /** Of the gateway process: another one begins anew. */
  readonly gateway: string;
  /** Counts up with every change; to be asked with the next time. */
  readonly revision: number;
  /** Those that have changed since, in the order in which they came. */
  readonly requests: readonly ModelActivity[];
  /** Id of the oldest request that is remembered; absent where there is none. What has changed of earlier ones is in no page. */
  readonly oldest?: number;
  /** What requests and answers say is kept at present: see {@link keepBodies}. */
  readonly keepsBodies?: true;
}

export interface ActivityRequest {
  /** Of an earlier answer; absent: all that are remembered. */
  readonly after?: Pick<ActivityPage, 'gateway' | 'revision'>;
}

/** Null where this warden's models are served elsewhere, or none were declared. */
export const modelActivity = new RequestType<ActivityRequest, ActivityPage | null, void>('models/activity');
/** The same, between the warden and its gateway process. */
export const gatewayActivity = new RequestType<ActivityRequest, ActivityPage, void>('gateway/activity');
