import { join } from 'node:path';
import { readGuardianVariables } from '../../protocol/guardianVariables.ts';

/**
 * Heap of the gateway process in megabytes. The largest request is 256 MB, and is one text and then one object in the heap; a request that needs more ends
 * the process, not the machine.
 */
export const defaultHeap = 1024;

/** Arguments of Node for the gateway process. `descriptors`: how many files it may have open. */
export function gatewayArguments(programFolder: string, descriptors: number): string[] {
  // It was checked at the warden's start.
  const { gatewayHeap = defaultHeap } = readGuardianVariables(process.env);
  return [`--max-old-space-size=${gatewayHeap}`, join(programFolder, 'gateway.js'), '--descriptors', String(descriptors)];
}
