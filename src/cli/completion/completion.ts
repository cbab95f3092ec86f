import type { Command } from 'commander';
import type { ProcessSpec } from '../../config/processSchema.ts';
import { profilesOf } from '../../config/profiles.ts';
import { instanceOf } from '../../protocol/names.ts';
import { visible } from '../../protocol/visible.ts';
import { declaredHere } from '../declared.ts';
import { exitCodes } from '../exitCodes.ts';
import { writeOut } from '../stdout.ts';
import { recordedTrees } from '../wardens.ts';
import { type Candidate, candidatesFor, type Names } from './candidates.ts';
import { type Shell, scripts } from './scripts.ts';

/** Maximum number of candidates that a shell is given: more are of no use to a reader. */
const maxCandidates = 1000;

/** Prints the script that a shell reads at its start. */
export async function completion(shell: Shell): Promise<number> {
  await writeOut(scripts[shell]);
  return exitCodes.ok;
}

/** Prints a line for each candidate: the word, a tab, and what it is. `:files` says that the shell is to complete names of files. */
export async function complete(program: Command, words: readonly string[]): Promise<number> {
  const candidates = candidatesFor(program, words, namesHere);
  const lines =
    candidates === 'files'
      ? [':files']
      : candidates.slice(0, maxCandidates).map(({ value, description }) => `${visible(value)}\t${visible(description)}`);
  await writeOut(lines.map((line) => `${line}\n`).join(''));
  return exitCodes.ok;
}

/** From the file and the records: no warden is asked, because a user waits for the key to answer. */
const namesHere: Names = (completes) => {
  if (completes === 'models') return [...(declaredHere().models?.keys() ?? [])].map((value) => ({ value, description: 'model' }));
  if (completes === 'profiles') return profilesOf(declaredHere().specs?.values() ?? []).map((value) => ({ value, description: 'profile' }));
  if (completes === 'jobs') return declaredNames(({ jobs }) => jobs !== undefined);
  const declared = completes === 'running' ? [] : declaredNames();
  const running = completes === 'declared' ? [] : runningNames();
  return [...new Map([...declared, ...running].map((one) => [one.value, one])).values()];
};

function declaredNames(isMeant: (spec: ProcessSpec) => boolean = () => true): Candidate[] {
  const { specs = new Map<string, ProcessSpec>() } = declaredHere();
  return [...specs].flatMap(([value, spec]) => (isMeant(spec) ? { value, description: spec.description ?? 'declared' } : []));
}

/** A pool by its name and by each of its instances, of which the first one has the pool's name. */
function runningNames(): Candidate[] {
  const names = recordedTrees().map(({ name }) => name);
  const pools = names.flatMap((name) => (instanceOf(name).instance > 1 ? [instanceOf(name).spec, `${instanceOf(name).spec}#1`] : []));
  return [...new Set([...names, ...pools])].toSorted().map((value) => ({ value, description: 'running' }));
}
