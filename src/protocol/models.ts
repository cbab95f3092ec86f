/** Model servers: what is declared of them, what is known of them, and what is asked for. */
import { NotificationType, RequestType, RequestType0 } from 'vscode-jsonrpc';
import type { StartRequest, TreeId } from './messages.ts';

/** In the command line and the environment of a model's instance: the port that it is given when it is started. */
export const portPlaceholder = '${port}';
/** The same, where a number stands: in a probe by TCP. */
export const ownPort = 0;

/** What makes a server that is ready load its model. */
export interface LoadRequest {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** What to do where it answers that it has no such model (404), as a sentence. */
  readonly whenMissing?: string;
}

/** A model with every variable filled in but its instances' ports. */
export interface ModelRequest {
  readonly name: string;
  /** Other names that clients may call it by. */
  readonly aliases: readonly string[];
  readonly description?: string;
  /** As people know it: `llama.cpp`. */
  readonly runtime: string;
  /** Of an instance; in `argv`, `env` and `ready`, {@link portPlaceholder} stands for its port. */
  readonly start: StartRequest;
  readonly instances: number;
  /** Milliseconds without a request, after which it is unloaded; 0: never. */
  readonly ttlMillis: number;
  /** Of all models that name the same one, only one is loaded at a time. */
  readonly exclusive?: string;
  /** Load it as soon as it is declared. */
  readonly preload: boolean;
  /** So many requests may wait; one more is refused. */
  readonly maxQueue: number;
  /** At once, of each instance. */
  readonly maxConcurrent: number;
  /** At once, of all instances together; 0: as many as they take. */
  readonly concurrencyLimit: number;
  /** Requests of the same conversation go to the same instance where it has room, so that its cache is of use. */
  readonly affinity: boolean;
  /** Those that it may use, in the order of their bus, and what tells its servers so. */
  readonly gpus?: { readonly numbers: readonly number[]; readonly variables: readonly string[] };
  /** What the `model` of a request has to say to the server. */
  readonly upstreamName: string;
  readonly loadRequest?: LoadRequest;
  /** A regular expression for a line of its output, of which the first group is the percentage that is loaded, or has one sign for each percent. */
  readonly progress?: string;
  readonly metricsPath?: string;
  /** Where its program comes from, as a sentence. */
  readonly install?: string;
}

/** `failed`: it could not be loaded; the next request tries again. */
export type ModelState = 'cold' | 'waiting' | 'loading' | 'ready' | 'draining' | 'failed';

export interface InstanceSnapshot {
  /** Of its tree. */
  readonly name: string;
  readonly tree?: TreeId;
  /** `unhealthy`: its probe says no; it is asked only where all of them are. */
  readonly state: 'loading' | 'ready' | 'unhealthy' | 'draining';
  readonly port?: number;
  /** Requests that it is answering. */
  readonly outstanding: number;
  readonly statistics: AnswerStatistics;
}

/** Of what one server was sent, or a whole model was asked. */
export interface AnswerStatistics {
  /** Whatever became of them; those of a model that no server was sent among them. */
  readonly requests: number;
  readonly failures: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of the last requests, means; absent where there were none. */
  readonly firstTokenMillis?: number;
  readonly tokensPerSecond?: number;
  readonly queueMillis?: number;
}

export interface ModelSnapshot {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly description?: string;
  readonly runtime: string;
  readonly state: ModelState;
  /** Why, as a clause; empty where there is nothing to say. */
  readonly reason: string;
  /** Percent, while it is loading and its output tells. */
  readonly progress?: number;
  readonly instances: readonly InstanceSnapshot[];
  /** So many there are when it is loaded. */
  readonly wanted: number;
  readonly outstanding: number;
  /** So many it could answer at once, of what is ready. */
  readonly capacity: number;
  readonly queued: number;
  /** When it is unloaded if nobody asks, in milliseconds since 1970. */
  readonly unloadAt?: number;
  readonly exclusive?: string;
  readonly statistics: AnswerStatistics;
}

export interface GatewayOptions {
  /** 0: any that is free. Where it is taken, any other that is. */
  readonly port: number;
  /** What clients have to show; absent: a new one. */
  readonly token?: string;
}

export interface GatewayInfo {
  /** `http://127.0.0.1:4321`; OpenAI's clients want `/v1` behind it. */
  readonly url: string;
  readonly token: string;
}

/** Replaces what was declared before: what is not there any more is drained and unloaded, what is another now is so from its next load on. */
export const declareModels = new RequestType<
  { readonly models: readonly ModelRequest[]; readonly gateway: GatewayOptions },
  GatewayInfo,
  void
>('models/declare');
export const gateway = new RequestType0<GatewayInfo | null, void>('models/gateway');
export const listModels = new RequestType0<readonly ModelSnapshot[], void>('models/list');
/** Answers when it is ready; with another number of instances where one is given. */
export const loadModel = new RequestType<{ readonly model: string; readonly instances?: number }, ModelSnapshot, void>('models/load');
/** Answers when its processes are gone. `now`: requests that are being answered are not waited for. */
export const unloadModel = new RequestType<{ readonly model: string; readonly now: boolean }, ModelSnapshot, void>('models/unload');
/** Sent to who watches, when something of them has changed. */
export const models = new NotificationType<readonly ModelSnapshot[]>('models');
