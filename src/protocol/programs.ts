/** What processes run: asked of a program of its own, never of the warden. */
import type { ListeningPort } from './listeningPorts.ts';

/** Maximum number of processes that are looked at in one request. */
export const maxPrograms = 1000;

export interface Program {
  readonly pid: number;
  /** As {@link ProcessIdentity} of the platform has it: with the pid, it is this very process. */
  readonly startTime: number;
  readonly name: string;
  /** Path of its executable; absent where the system does not tell. */
  readonly executable?: string;
  /** Its first arguments, the program's own name among them; long ones are cut. */
  readonly argv: readonly string[];
  /** For people, with what looks like a secret masked. */
  readonly commandLine: string;
  /** `NODE_OPTIONS` of its environment. */
  readonly nodeOptions?: string;
  /** Absent where the system does not tell. */
  readonly ports?: readonly ListeningPort[];
  /** Whether a SIGUSR1 would be handled by it instead of ending it; absent where the system does not tell. */
  readonly handlesSigusr1?: boolean;
}
