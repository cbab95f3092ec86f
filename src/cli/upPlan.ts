/** What `up` starts, by what the files say. */
import { declarationOf } from '../config/declarations.ts';
import type { ProcessSpec } from '../config/processSchema.ts';
import type { ProcessDeclaration } from '../protocol/declare.ts';
import type { ModelRequest } from '../protocol/models.ts';
import { normalName } from '../protocol/names.ts';
import { assertNoJobs, type Declared, type DeclaredFile, readDeclared } from './declared.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { neededModels } from './neededModels.ts';
import { profileFilter } from './profiles.ts';
import { withDependencies } from './startOrder.ts';

export interface UpSelection {
  /** Normal names; none: all that have no profile, or an active one. */
  readonly names: readonly string[];
  /** Active profiles, beside those of the environment. */
  readonly profile: readonly string[];
}

export interface UpPlan {
  readonly declared: Declared<ProcessSpec>;
  /** What ends with the command, in the order in which it is started. */
  readonly managed: readonly ProcessDeclaration[];
  /** Names of what does not. */
  readonly detached: readonly string[];
  readonly models: readonly ModelRequest[];
}

export function selectionOf(names: readonly string[], profile: readonly string[]): UpSelection {
  return { names: names.map(normalName), profile };
}

/**
 * Everything is checked before anything is started.
 * @param before What is declared by now: it stays declared where the file still has it, also where it is not selected any more. Ports keep their numbers.
 * @throws CliError where something is wrong with the file, or a process of the plan cannot be resolved.
 */
export async function planOf({ names, profile }: UpSelection, file: DeclaredFile, before?: UpPlan): Promise<UpPlan> {
  const earlier = before?.declared.wanted.map(([name]) => name) ?? [];
  const arrange = (asked: readonly string[], specs: ReadonlyMap<string, ProcessSpec>): readonly string[] =>
    withDependencies([...asked, ...earlier.filter((name) => specs.has(name) && !asked.includes(name))], specs);
  const read = readDeclared('processes', ({ specs }) => specs, names, arrange, profileFilter(profile), file);
  // A question is asked once, and a port keeps its number.
  const { portFor, secretOf = undefined } = (before?.declared ?? read).context;
  const declared = { ...read, context: { ...read.context, portFor, ...(secretOf && { secretOf }) } };
  const { wanted, context } = declared;
  assertNoJobs(wanted);
  const declarations = await Promise.all(wanted.map(([name, spec]) => declarationOf(name, spec, context)));
  for (const one of declarations)
    if ('problem' in one) throw new CliError(`'${one.name}' cannot be started: ${one.problem}`, exitCodes.usage);
  const detached = wanted.flatMap(([name, { lifetime }]) => (lifetime === 'detached' ? [name] : []));
  const managed = declarations.filter(({ name }) => !detached.includes(name));
  return { declared, managed, detached, models: await neededModels(declared) };
}
