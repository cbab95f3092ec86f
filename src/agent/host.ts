import type { WardenClient } from '../client/wardenClient.ts';
import type { PortHolder, TreeSnapshot } from '../protocol/messages.ts';

/** A tree, and who guards it. */
export interface GuardedTree {
  readonly client: WardenClient;
  readonly tree: TreeSnapshot;
}

/** Where an agent's tools act: in a window, or on a command line. */
export interface AgentHost {
  /** Those that run, and those that have ended a while ago. */
  trees(): Promise<readonly GuardedTree[]>;
  /** What processes.json declares. */
  declared(): Promise<readonly { readonly name: string; readonly description?: string | undefined }[]>;
  /** Every instance of it that does not run. */
  startDeclared(name: string): Promise<readonly TreeSnapshot[]>;
  /** A line for the shell, which ends with this host. */
  startCommand(name: string, command: string): Promise<TreeSnapshot>;
  /** Of all processes of this user. */
  holders(port: number): Promise<readonly PortHolder[]>;
}
