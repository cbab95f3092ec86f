/**
 * The first message of a connection, and its answer. Both belong to the frozen core (see {@link coreMethods}): their
 * fields keep their names and meanings for ever, and what is added is optional.
 */
import { RequestType } from 'vscode-jsonrpc';
import type { Lifetime, WardenId } from './identity.ts';

/** Versions of the whole protocol that a side speaks, both included. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/**
 * The version of the frozen core, which both sides send as `protocol`. It never changes: sides from before there was a core
 * speak version 2, and refuse every other number.
 */
export const coreVersion = 2;

/** What this build speaks. `max` is raised with every change that the other side has to know of, `min` where an older side would misunderstand. */
export const spokenVersions: VersionRange = { min: 3, max: 3 };

export interface Hello {
  /** Always {@link coreVersion}. */
  readonly protocol: number;
  /** Of the program, for people. */
  readonly version: string;
  /** Name of the client, for the journal: `extension`, `tree-warden run`. */
  readonly client: string;
  /** Absent: only what `protocol` says. */
  readonly versions?: VersionRange;
}

export interface Welcome {
  /** Always {@link coreVersion}. */
  readonly protocol: number;
  /** Of the program, for people. */
  readonly version: string;
  /** Absent: only what `protocol` says. */
  readonly versions?: VersionRange;
  readonly warden: WardenId;
  readonly pid: number;
  /** What this machine cannot give, each as a sentence. */
  readonly shortcomings: readonly string[];
  readonly journalFile: string;
  readonly workspace: string;
  /** Of its trees. */
  readonly lifetime: Lifetime;
  /** Its records and its socket. */
  readonly folder: string;
}

/** Has to be the first request. It is answered whatever versions the client speaks; what may follow depends on them. */
export const hello = new RequestType<Hello, Welcome, void>('hello');
