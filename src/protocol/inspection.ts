/** What a warden knows of itself and of the machine. */
import { RequestType0 } from 'vscode-jsonrpc';
import type { Welcome } from './handshake.ts';
import type { TreeSnapshot } from './snapshot.ts';
import type { Containment } from './startRequest.ts';

/** What the warden knows of itself, for "show what the warden knows". */
export interface Inspection extends Welcome {
  readonly startedAt: number;
  readonly platform: string;
  readonly adoptsOrphans: boolean;
  readonly switchPid: number | null;
  /** Of the gateway process; null where no model is declared. */
  readonly gatewayPid: number | null;
  /** Strays among them, as if they were one. */
  readonly trees: readonly TreeSnapshot[];
  readonly memoryBytes: number;
}

/** Whether this machine has a containment, and why. */
export interface ContainmentOffer {
  readonly containment: Containment;
  readonly available: boolean;
  readonly why: string;
  readonly advice?: string;
}

/** What the machine offers, for `tree-warden doctor`. */
export interface Diagnosis {
  readonly platform: string;
  readonly offers: readonly ContainmentOffer[];
  /** Whether processes can be isolated. */
  readonly isolation: { readonly available: boolean; readonly why: string; readonly advice?: string };
  readonly shortcomings: readonly string[];
}

/** State of the warden and its trees, for diagnostics. */
export const inspect = new RequestType0<Inspection, void>('inspect');
/** Compares registry, records and kernel; answers with a sentence for each thing that is wrong. */
export const selfCheck = new RequestType0<readonly string[], void>('selfCheck');
