/** Whether processes can be lent terminals here, and what they have where not. */
import { whyNotLoaded } from '../platform/missingNativeParts.ts';
import type { Platform } from '../platform/platform.ts';
import type { StartRequest } from '../protocol/startRequest.ts';

/** Why no process can be lent a terminal, as a clause; undefined where each can. `TREE_WARDEN_NATIVE=off` does without native parts. */
export async function whyNoTerminals({ opensTerminals }: Platform, env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  if (env['TREE_WARDEN_NATIVE'] === 'off') return 'TREE_WARDEN_NATIVE=off';
  if (opensTerminals) return undefined;
  try {
    await import('node-pty');
    return undefined;
  } catch (error) {
    return whyNotLoaded(error);
  }
}

/** What is missing on this machine, each as a sentence for the user. */
export function shortcomingsOf({ shortcomings }: Platform, noTerminals: string | undefined): readonly string[] {
  return noTerminals === undefined ? shortcomings : [...shortcomings, noTerminalsText(noTerminals)];
}

function noTerminalsText(why: string): string {
  return `Terminals are not available (${why}): processes run on pipes, where some programs print later, or without colors.`;
}

/** The same on pipes, or on the client's own terminal where that is lent; nothing of such a one is read here. */
export function withoutTerminal(request: StartRequest): StartRequest {
  if (request.stdio !== 'pty') return request;
  return request.onTerminal === undefined ? { ...request, stdio: 'pipes' } : { ...request, stdio: 'inherit', awaitReader: false };
}
