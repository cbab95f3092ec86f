/** Model servers: what is declared of them, what is known of them, and what is asked for. */
import { NotificationType, NotificationType0, RequestType, RequestType0 } from 'vscode-jsonrpc';
import type { TreeId } from './identity.ts';
import type { FactRequest, ModelFacts, ModelVariant, RequestChanges } from './modelFacts.ts';
import type { KnownMemory, MemoryBudget, MemorySize } from './modelMemory.ts';
import type { BudgetSnapshot, ModelBudget, RemoteUpstream } from './remoteModels.ts';
import type { StartRequest } from './startRequest.ts';

/** In the command line and the environment of a model's instance: the port that it is given when it is started. */
export const portPlaceholder = '${port}';
/** Holds a placeholder apart that is meant as it is written. No argument, variable or path can have this character in it. */
const apart = '\0';

/** A value that is to come through {@link fillPort} unchanged, whatever it holds. */
export function literalInTemplate(value: string): string {
  return value.replaceAll(portPlaceholder, () => `$${apart}{port}`);
}

/** Fills the port of an instance in, in one pass. */
export function fillPort(template: string, port: number): string {
  return template.replaceAll(/\$\{port\}|\0/g, (found) => (found === apart ? '' : String(port)));
}

/** The same, where a number stands: in a probe by TCP. */
export const ownPort = 0;

/** What makes a server that is ready load its model. */
export interface LoadRequest {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** What to do where it answers that it has no such model (404), as a sentence. */
  readonly whenMissing?: string;
}

/** Paths of requests that can be answered by chat completions: Anthropic's messages and OpenAI's responses. */
export type TranslatedPath = 'messages' | 'responses';
export const translatedPaths = ['messages', 'responses'] as const satisfies readonly TranslatedPath[];

/** A model with every variable filled in but its instances' ports. */
export interface ModelRequest {
  readonly name: string;
  /** Other names that clients may call it by. */
  readonly aliases: readonly string[];
  readonly description?: string;
  /** As people know it: `llama.cpp`. */
  readonly runtime: string;
  /** Of an instance; in `argv`, `env` and `ready`, {@link portPlaceholder} stands for its port. Absent where a server elsewhere answers, and where there is a `problem`. */
  readonly start?: StartRequest;
  /** Present where a server elsewhere answers: no process is started then. */
  readonly remote?: RemoteUpstream;
  /** Why it cannot be served, as a sentence: a file or a variable of its declaration is missing. Each load of it fails with this reason. */
  readonly problem?: string;
  /** The model that is asked where this one cannot answer. */
  readonly fallback?: string;
  readonly budget?: ModelBudget;
  readonly instances: number;
  /** Milliseconds without a request, after which it is unloaded; 0: never. */
  readonly ttlMillis: number;
  /** Of all models that name the same one, only one is loaded at a time. */
  readonly exclusive?: string;
  /** Of one server, as declared: it counts instead of what was measured. */
  readonly memory?: Partial<MemorySize>;
  /** Of one server, in bytes, by its files: for the first load, when nothing was measured yet. */
  readonly estimatedBytes?: number;
  /** It is not unloaded for another model. */
  readonly isPinned?: true;
  /** Models of a lower rank are unloaded first for another one; absent: 0. */
  readonly rank?: number;
  /** It is served by the model service of the user, which several clients share. */
  readonly scope?: 'user';
  /** Milliseconds for which the service keeps it after the last client that has declared it is gone; absent: none. */
  readonly keepMillis?: number;
  /** Load it as soon as it is declared. */
  readonly preload: boolean;
  /** Maximum number of requests that wait; further ones are refused. */
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
  /** As declared. */
  readonly facts?: ModelFacts;
  /** What the server says itself when it is loaded. */
  readonly factRequests?: readonly FactRequest[];
  /** In every JSON request. */
  readonly changes?: RequestChanges;
  readonly variants?: readonly ModelVariant[];
  /** Paths that are translated although the server may have them. */
  readonly translate?: readonly TranslatedPath[];
  readonly loadRequest?: LoadRequest;
  /**
   * Its servers save the prompts that they have worked on when they are unloaded for another model. `file`: of the model;
   * `option`: what tells a server the folder for that.
   */
  readonly prompts?: { readonly file: string; readonly option: string };
  /** A regular expression for a line of its output, of which the first group is the percentage that is loaded, or has one sign for each percent. */
  readonly progress?: string;
  readonly metricsPath?: string;
  /** Where its program comes from, as a sentence. */
  readonly install?: string;
}

/** One that is served by processes of this machine. */
export type ServedModel = ModelRequest & Required<Pick<ModelRequest, 'start'>>;

export function isServed(model: ModelRequest): model is ServedModel {
  return model.start !== undefined;
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
  /** Requests that a server elsewhere has refused because there were too many (429). */
  readonly limited?: number;
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
  /** Percent, while it is loading, by its output or by how much of its file was read. */
  readonly progress?: number;
  /** While its server downloads it: what was written to storage since its start. */
  readonly downloadedBytes?: number;
  readonly instances: readonly InstanceSnapshot[];
  /** Number of servers of the loaded model. */
  readonly wanted: number;
  readonly outstanding: number;
  /** Number of requests that the ready servers can answer at once. */
  readonly capacity: number;
  readonly queued: number;
  /** When the model is unloaded if no request comes, in milliseconds since 1970. */
  readonly unloadAt?: number;
  readonly exclusive?: string;
  /** Of one server: as declared, as measured when it was loaded last, or by an estimate. */
  readonly memory?: KnownMemory;
  readonly isPinned?: true;
  /** As declared, and as its server says since it was loaded. */
  readonly facts?: ModelFacts;
  readonly variants?: readonly Pick<ModelVariant, 'name' | 'description'>[];
  readonly statistics: AnswerStatistics;
  /** Host and port of the server elsewhere that answers. */
  readonly remoteHost?: string;
  readonly fallback?: string;
  readonly budget?: BudgetSnapshot;
  /** The warden tells what the model service of the user says of it. */
  readonly isShared?: true;
}

export interface GatewayOptions {
  /** 0: any that is free. Where it is taken, any other that is, unless it is fixed. */
  readonly port: number;
  /** Where the port is taken, that is an error. */
  readonly isPortFixed?: boolean;
  /** What clients have to show; absent: a new one. */
  readonly token?: string;
  /** Of pages in a browser that may read answers, beside those of this machine and the editor; these count also where the gateway is open already. */
  readonly allowedOrigins?: readonly string[];
  /** Further keys; these count also where the gateway is open already. */
  readonly keys?: readonly ClientKey[];
  /** Absent: models are loaded as they are asked for, whatever they take. It counts also where the gateway is open already. */
  readonly memory?: MemoryBudget;
}

/** What a client may show instead of the gateway's own token, to use some of the models. */
export interface ClientKey {
  /** For people: who has it. */
  readonly name: string;
  readonly key: string;
  /** Their names. */
  readonly models: readonly string[];
}

export interface GatewayInfo {
  /** `http://127.0.0.1:4321`; OpenAI's clients want `/v1` behind it. */
  readonly url: string;
  readonly token: string;
}

/** What well-known clients of OpenAI's and Anthropic's take from the environment. */
export function environmentFor({ url, token }: GatewayInfo): Readonly<Record<string, string>> {
  return { OPENAI_BASE_URL: `${url}/v1`, OPENAI_API_KEY: token, ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: token };
}

/** A model that is not served as it was declared. */
export interface RefusedModel {
  readonly name: string;
  /** As a sentence. */
  readonly reason: string;
}

export interface DeclaredModels extends GatewayInfo {
  /** Absent where all are served. */
  readonly refused?: readonly RefusedModel[];
}

/** What one client declares to the model service. */
export interface ModelLease {
  /** What its models are of, for people: a workspace. */
  readonly lessee: string;
  readonly models: readonly ModelRequest[];
  readonly gateway: GatewayOptions;
}

/** `window`: a server of a window's own, or of a command's; `user`: one that all of them share. */
export const modelScopes = ['window', 'user'] as const;

/** The longest that a model is kept after the last client that has declared it is gone, in milliseconds: a day. */
export const maxKeepMillis = 86_400_000;

/** In the place of a window in the record of the warden that is the model service of the user. */
export const modelServiceWindow = 'model-service';

/**
 * Replaces what was declared before: what is not there any more is drained and unloaded, what is another now is so from its next load on. `service`: the path of
 * the socket of the model service, where the models are to be served by that.
 */
export const declareModels = new RequestType<
  { readonly models: readonly ModelRequest[]; readonly gateway: GatewayOptions; readonly service?: string },
  DeclaredModels,
  void
>('models/declare');
/** To the model service. Replaces what this connection has leased before; the lease ends with the connection. */
export const leaseModels = new RequestType<ModelLease, DeclaredModels, void>('models/lease');
/** Of the model service, to a client that leases models: all of them that are not served, when those are others than before because of another client. */
export const refusedModels = new NotificationType<readonly RefusedModel[]>('models/refused');
/** Sent to each client when the model service that serves what was declared has gone: models are served again when they are declared again. */
export const modelServiceLost = new NotificationType0('models/serviceLost');
/** Address and token of the gateway. */
export const gateway = new RequestType0<GatewayInfo | null, void>('models/gateway');
/** State of every declared model. */
export const listModels = new RequestType0<readonly ModelSnapshot[], void>('models/list');
/** Answers when as many instances are ready as are wanted; with another number of them where one is given. */
export const loadModel = new RequestType<{ readonly model: string; readonly instances?: number }, ModelSnapshot, void>('models/load');
/** Answers when its processes are gone. `now`: requests that are being answered are not waited for. */
export const unloadModel = new RequestType<{ readonly model: string; readonly now: boolean }, ModelSnapshot, void>('models/unload');
/** Sent to each client that watches, when something of them has changed. */
export const models = new NotificationType<readonly ModelSnapshot[]>('models');

const longestGatherMillis = 1000;

/**
 * How long changes of models are gathered before they are told, in milliseconds: `shortest`, and longer where a list is long, as each request changes it, and it is
 * told as a whole.
 */
export function gatherMillis(shortest: number, snapshots: readonly ModelSnapshot[]): number {
  const instances = snapshots.reduce((sum, model) => sum + model.instances.length, 0);
  return Math.max(shortest, Math.min(instances, longestGatherMillis));
}
