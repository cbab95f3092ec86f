/**
 * Processes by the name under which they are declared: a client says what its files declare and what it wants, the warden
 * remembers it and sees to it. JSON-RPC over the warden's stdio and over its socket.
 */
import { NotificationType, RequestType, RequestType0 } from 'vscode-jsonrpc';
import type { FileWatch, WatchStatus } from './fileWatch.ts';
import type { TreeId } from './identity.ts';
import type { JobCounts, JobSettings } from './jobs.ts';
import type { ProcessTemplate } from './processTemplate.ts';
import type { RunTrigger } from './runKey.ts';
import type { Schedule, ScheduleStatus } from './schedule.ts';
import type { TreeSnapshot } from './snapshot.ts';
import type { Dimensions, StartRequest } from './startRequest.ts';
import type { GivenValues } from './startVariables.ts';
import type { TextData } from './texts.ts';

/**
 * When what is depended on allows a start. `started`: it runs, or has ended without a failure; `ready`: it runs and is ready; `succeeded`: it has ended
 * without a failure; `ended`: it has ended. Of several instances, all of them.
 */
export type DependencyCondition = 'started' | 'ready' | 'succeeded' | 'ended';

export interface Dependency {
  /** Of a declared process. */
  readonly name: string;
  readonly condition: DependencyCondition;
  /** What runs is restarted when a new tree of the dependency meets the condition. */
  readonly restart?: true;
}

/** What a file declares under one name; `problem`: why it cannot be started, as a sentence, where a variable or a file is missing. */
export type ProcessDeclaration = {
  readonly name: string;
  /** Its name in the file, where another name was given to it; see {@link RunKey}. */
  readonly written?: string;
  /** Number of instances that run at once, from 1 up. */
  readonly instances: number;
  /** What has to be there before an instance is started; a start starts it, too. */
  readonly dependsOn?: readonly Dependency[];
  /** What follows where files change while it runs, or has ended by itself. */
  readonly watch?: FileWatch;
  /** When it is run, once it was started. */
  readonly schedule?: Schedule;
  /** It is a pool of jobs, and is not started itself. */
  readonly jobs?: JobSettings;
} & ({ readonly template: ProcessTemplate } | { readonly problem: string });

export interface DeclareRequest {
  /** Identifies the client's files: a further declaration of the same origin takes the place of this one. */
  readonly origin: string;
  /** Path of the file, where the origin is another text: runs are kept under it, see {@link RunKey}. */
  readonly file?: string;
  /** All that the origin declares. What runs is not touched by another declaration, but where the number of instances is another one. */
  readonly processes: readonly ProcessDeclaration[];
}

/** A declared name, which stands for all of its instances; or one instance: `api#2`, where `api#1` is the first one. */
export interface NameRequest {
  readonly name: string;
}

export interface StartNameRequest extends NameRequest {
  /** Of the terminals; by default as declared. */
  readonly dimensions?: Dimensions;
  /** Of this start alone: variables that the declaration's own override. */
  readonly env?: Readonly<Record<string, string>>;
  /** Of this start alone: as `awaitReader` of a {@link StartRequest}. */
  readonly awaitReader?: boolean;
  /**
   * Of one with a schedule. `arm`: it waits for its time; `run`: it is run now, and whether it waits for its time stays as it is. Default: where it does not wait
   * yet, it does from now on; where it does, it is run now.
   */
  readonly schedule?: 'arm' | 'run';
  /** When its last run on record began, in milliseconds since 1970: with `catchUp`, one run makes up for the times since then. */
  readonly lastRunAt?: number;
  /** What has asked for it, where it was no user. */
  readonly trigger?: RunTrigger;
  /**
   * Of what this start starts, also of what the name depends on. A start without all that is needed is refused, with {@link ErrorData.needed}; values of
   * an earlier start count only with a `trigger`.
   */
  readonly values?: GivenValues;
}

export interface StopNameRequest extends NameRequest {
  /** Skip the escalation. */
  readonly now: boolean;
  /** As a clause for people. */
  readonly reason: string;
  readonly reasonData?: TextData;
}

export interface RestartNameRequest extends NameRequest {
  /** Beside those of the last start, and above them. */
  readonly values?: GivenValues;
  /** As a clause for people. */
  readonly reason: string;
  readonly reasonData?: TextData;
}

export interface ScaleRequest extends NameRequest {
  /** From 1 up. */
  readonly instances: number;
  /** Why the surplus is ended, as a clause for people. */
  readonly reason: string;
  readonly reasonData?: TextData;
}

/** What a verb has come to, instance by instance. */
export interface NameAnswer {
  /** The trees that were started, or ended. */
  readonly trees: readonly TreeSnapshot[];
  readonly failures: readonly NameFailure[];
  /** Nothing was started: it waits for the next time of its schedule. */
  readonly armed?: true;
}

export interface NameFailure {
  /** Of the instance. */
  readonly name: string;
  /** As a sentence. */
  readonly message: string;
  readonly messageData?: TextData;
  /** One of the error codes of the protocol. */
  readonly code: number;
}

/** What is declared and desired of a name, and what it runs with. */
export interface NameStatus {
  readonly name: string;
  /** Of the declaration; absent: no file declares it any more, and it is forgotten when it has ended. */
  readonly origin?: string;
  /** Number of instances that there are when it runs: as declared, or as a user has chosen. */
  readonly instances: number;
  /** Names of the instances that are to run; empty: it is to be stopped. */
  readonly desired: readonly string[];
  /** Why it cannot be started, as a sentence. */
  readonly problem?: string;
  /** Instances whose last start has failed, also one that was made on behalf of another process; absent where there are none. */
  readonly failures?: readonly Omit<NameFailure, 'code'>[];
  /** As declared; absent where it depends on nothing. */
  readonly dependsOn?: readonly Dependency[];
  /** What its start waits for; absent where nothing of it waits. */
  readonly waitsFor?: readonly Dependency[];
  /** Absent where no files are declared to be watched for it. */
  readonly watch?: WatchStatus;
  /** Absent where it has no schedule. */
  readonly schedule?: ScheduleStatus;
  /** Absent where it is no pool of jobs. */
  readonly jobs?: JobCounts;
  readonly running: readonly {
    readonly name: string;
    readonly tree: TreeId;
    /** It was started with another declaration than the newest one: a restart applies that. */
    readonly changed?: true;
  }[];
}

/** Answers with the status of every name. */
export const declare = new RequestType<DeclareRequest, readonly NameStatus[], void>('processes/declare');
/** Starts each instance that does not run: an answer without trees and failures says that all of them did. */
export const startName = new RequestType<StartNameRequest, NameAnswer, void>('processes/start');
/** Answers when nothing of it is left. Calls off every start and restart that is under way. */
export const stopName = new RequestType<StopNameRequest, NameAnswer, void>('processes/stop');
/**
 * Restarts it with the newest declaration: of a pool one instance after the other, each when the one before it is ready or has failed.
 * A stop calls off what is left of it.
 */
export const restartName = new RequestType<RestartNameRequest, NameAnswer, void>('processes/restart');
/** Changes the number of instances, until a file declares another one: where any of it runs, starts what is missing and ends the surplus. */
export const scaleName = new RequestType<ScaleRequest, NameAnswer, void>('processes/scale');
export const listNames = new RequestType0<readonly NameStatus[], void>('processes/list');
/** The free port of the loopback address that goes by this name in declarations, the same one at every call. */
export const namedPort = new RequestType<{ readonly name: string }, number, void>('processes/port');
/** Sent to each client that watches, when something of it has changed. */
export const names = new NotificationType<readonly NameStatus[]>('processes');
