import type { TreeId } from '../../protocol/identity.ts';
import type { ServerPhase } from './serverPhase.ts';

export type TraceLevel = 'off' | 'messages' | 'verbose';

/** What is known of a language server, for the view and for commands. */
export interface ServerStatus {
  readonly name: string;
  readonly phase: ServerPhase;
  /** Name and version, as the server has introduced itself. */
  readonly version?: string | undefined;
  readonly requestsPerMinute: number;
  /** Since the window was opened. */
  readonly restarts: number;
  readonly trace: TraceLevel;
  /** Its processes, the newest ones where it was restarted. */
  readonly tree?: TreeId | undefined;
  /** It was started with another declaration than the newest one. */
  readonly changed: boolean;
  /** No file declares it any more. */
  readonly undeclared: boolean;
}
