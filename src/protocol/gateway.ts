/** Between the warden and its gateway process. The gateway answers model requests; the warden starts and ends the servers behind it. */
import { NotificationType, RequestType, RequestType0 } from 'vscode-jsonrpc';
import type { TreeId } from './identity.ts';
import type { MeasuredMemory } from './modelMemory.ts';
import type { GatewayInfo, GatewayOptions, ModelRequest, ModelSnapshot } from './models.ts';
import type { Spending } from './remoteModels.ts';

/** How long requests that are being answered are waited for before their server is ended, in milliseconds. */
export const drainMillis = 30_000;

/** A model server that the warden has started. */
export interface StartedServer {
  readonly tree: TreeId;
  /** Name of its tree. */
  readonly name: string;
  /** Port on 127.0.0.1 that it listens on. */
  readonly port: number;
  /** Where it keeps its prompts; absent where it does not. */
  readonly promptFolder?: string;
}

/** How far the load of a model is; what is not known is absent. */
export interface ServerProgress {
  readonly percent?: number;
  /** What was written to storage, while the server downloads the model. */
  readonly downloadedBytes?: number;
}

export interface ServerEnd {
  /** As a clause: `exited with code 1`. */
  readonly reason: string;
  /** Whether its end was asked for. */
  readonly wanted: boolean;
  /** Why a model that was still loading is not loaded, in sentences, with the last lines of the server's output. */
  readonly loadFailure: string;
}

/** A server that outlived the gateway process that asked for it. */
export interface LivingServer extends StartedServer {
  readonly key: string;
  /** As it was declared when the server was started. */
  readonly model: ModelRequest;
  readonly instance: number;
  readonly isReady: boolean;
  readonly isHealthy: boolean;
  /** It has ended or is being ended, and its memory is not verified to be free yet. */
  readonly isEnding: boolean;
}

/** What a new gateway process takes over from the one before it. */
export interface Inheritance {
  readonly servers: readonly LivingServer[];
  /** Desired number of instances, by model. */
  readonly instances: Readonly<Record<string, number>>;
}

export interface Configuration {
  readonly models: readonly ModelRequest[];
  readonly gateway: GatewayOptions;
  /** What models took when they were loaded last, by name; those that are not known are missing. */
  readonly measured?: Readonly<Record<string, MeasuredMemory>>;
  /** Present in the first configuration of a process that replaces another one. */
  readonly inherited?: Inheritance;
  /** What was spent of budgets before, by their ids. */
  readonly spent?: Readonly<Record<string, Spending>>;
}

/** To the gateway. Replaces the configuration before it. */
export const configure = new RequestType<Configuration, GatewayInfo, void>('gateway/configure');
export const snapshots = new RequestType0<readonly ModelSnapshot[], void>('gateway/snapshots');
export const load = new RequestType<{ readonly model: string; readonly instances?: number }, ModelSnapshot, void>('gateway/load');
export const unload = new RequestType<{ readonly model: string; readonly now: boolean }, ModelSnapshot, void>('gateway/unload');
/** Replaces one server when it has answered its requests; answers with the tree of the new one, null where the tree is no model server. */
export const restart = new RequestType<{ readonly tree: TreeId }, TreeId | null, void>('gateway/restart');
/** The servers' own metrics, in Prometheus' text format. */
export const serverMetrics = new RequestType0<string, void>('gateway/serverMetrics');

/** To the warden. `key` is chosen by the gateway, and is what later notifications about the server carry. */
export const launchServer = new RequestType<
  { readonly key: string; readonly model: string; readonly instance: number },
  StartedServer,
  void
>('server/launch');
/** Answers when no process of the server is left and its memory is free; also of a server that has ended by itself. */
export const endServer = new RequestType<{ readonly tree: TreeId; readonly reason: string }, null, void>('server/end');
/** A request has cost this of a budget: the warden puts it on record. */
export const budgetSpent = new NotificationType<{ readonly id: string; readonly spent: Spending }>('gateway/budgetSpent');
export const modelsChanged = new NotificationType<readonly ModelSnapshot[]>('gateway/changed');
export const gatewayAlert = new NotificationType<{ readonly message: string }>('gateway/alert');

/** To the gateway: another warden has spent this of a budget. */
export const budgetSpentElsewhere = new NotificationType<{ readonly id: string; readonly spent: Spending }>('gateway/budgetSpentElsewhere');

/** To the gateway, about a server. */
export const serverReady = new NotificationType<{ readonly key: string }>('server/ready');
export const serverProgress = new NotificationType<ServerProgress & { readonly key: string }>('server/progress');
export const serverHealth = new NotificationType<{ readonly key: string; readonly isHealthy: boolean }>('server/health');
/** What a server of this model takes now, and took at most. */
export const modelMeasured = new NotificationType<{ readonly model: string; readonly measured: MeasuredMemory }>('model/measured');
export const serverEnded = new NotificationType<{ readonly key: string; readonly end: ServerEnd }>('server/ended');
