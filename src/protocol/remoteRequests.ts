/** What a warden and the connector of a tree on a node say to each other, and the client of a node to the warden there. */
import { NotificationType, RequestType, RequestType0 } from 'vscode-jsonrpc';
import type { TreeId } from './identity.ts';
import type { RemoteStatus } from './runner.ts';
import type { GpuUsage, MemberSnapshot } from './snapshot.ts';
import type { RemoteStart } from './startRequest.ts';

/** What the members of a tree on a node take up, by the warden there. */
export interface RemoteFigures {
  readonly members: readonly MemberSnapshot[];
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly readRate: number;
  readonly writeRate: number;
  readonly zombies: number;
  readonly gpu?: GpuUsage;
}

/** Maximum number of members that a connector tells of. */
export const maxRemoteMembers = 2000;

/** What a connector asks the warden that has started it: what it is to start. Ends with an error where the tree runs here. */
export const remoteStart = new RequestType<{ readonly tree: TreeId }, RemoteStart, void>('remote/start');
/** What a connector tells that warden; without `figures`, the last ones stay. */
export const remoteReport = new NotificationType<{
  readonly tree: TreeId;
  readonly status: RemoteStatus;
  readonly figures?: RemoteFigures;
}>('remote/report');
/**
 * A sign of life of the client for which a warden on a node lives. Answers with the time for which it lives on without another one, in milliseconds; ends
 * with an error where the warden has no lease.
 */
export const renewLease = new RequestType0<number, void>('lease/renew');
