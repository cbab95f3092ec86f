import { execFileSync } from 'node:child_process';
import type { ContainmentOffer, Diagnosis } from '../../src/protocol/inspection.ts';
import { cli } from './run.ts';

let offers: readonly ContainmentOffer[] | undefined;

/** What this machine has, as `tree-warden doctor` says. */
export function offersHere(): readonly ContainmentOffer[] {
  offers ??= (JSON.parse(execFileSync(process.execPath, [cli, 'doctor', '--json'], { encoding: 'utf8' })) as Diagnosis).offers;
  return offers;
}
