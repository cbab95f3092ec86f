import type { WardenTree } from '../client/nameVerbs.ts';
import type { NameAnswer } from '../protocol/declare.ts';
import type { PortHolder } from '../protocol/listeningPorts.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';

/** What a command of an agent may reach, and what it belongs to. */
export interface Confinement {
  readonly isolate?: { readonly network?: boolean | undefined; readonly write?: readonly string[] | undefined };
  /** Name of a running process of the same host. */
  readonly join?: string;
}

/** Where an agent's tools act: in a window, or on a command line. */
export interface AgentHost {
  /** Those that run, and those that have ended a while ago. */
  trees(): Promise<readonly WardenTree[]>;
  /** Hears of every change of a tree that is known by now: ask for {@link trees}. */
  onChange(listener: () => void): { dispose(): void };
  /** What processes.json declares. */
  declared(): Promise<readonly { readonly name: string; readonly description?: string | undefined }[]>;
  /** Every instance of it that does not run. */
  startDeclared(name: string): Promise<NameAnswer>;
  /** Has the wardens of this host know what the file says by now. */
  declareNewest(): Promise<void>;
  /** A line for the shell, which ends with this host. */
  startCommand(name: string, command: string, confinement?: Confinement): Promise<TreeSnapshot>;
  /** Of all processes of this user. */
  holders(port: number): Promise<readonly PortHolder[]>;
}
