/** What requests to models and their answers say. Nothing of it is kept unless that is switched on, and then in the memory of the gateway process only. */
import { RequestType } from 'vscode-jsonrpc';
import type { KeptText } from './keptText.ts';

export interface KeptBodies {
  /** At the gateway, with its query. */
  readonly path: string;
  readonly contentType: string;
  readonly request: KeptText;
  /** Absent while it is being answered, and where no server has answered. */
  readonly answer?: KeptText;
}

/** Of which request: `gateway` and `id` as in the activity. */
export interface BodiesRequest {
  readonly gateway: string;
  readonly id: number;
}

/** Maximum number of requests of which a gateway keeps what was said. */
export const maxKeptBodies = 100;
/** Maximum number of characters of a request, or of an answer, that are kept. */
export const maxKeptLength = 64 * 1024;

/** Whether what is said from now on is kept; switched off, what was kept is gone. A new gateway process keeps nothing. */
export const keepBodies = new RequestType<{ readonly keep: boolean }, null, void>('models/keepBodies');
/** Null where they are not kept, or not any more. */
export const requestBodies = new RequestType<BodiesRequest, KeptBodies | null, void>('models/bodies');
/** The same, between the warden and its gateway process. */
export const gatewayKeepBodies = new RequestType<{ readonly keep: boolean }, null, void>('gateway/keepBodies');
export const gatewayBodies = new RequestType<BodiesRequest, KeptBodies | null, void>('gateway/bodies');
