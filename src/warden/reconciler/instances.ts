/** What a pool knows of its single instances. */
import { createHash } from 'node:crypto';
import type { StartNameRequest } from '../../protocol/declare.ts';
import { errorText } from '../../protocol/errors.ts';
import { fillTemplate, type ProcessTemplate, startVariablesIn } from '../../protocol/processTemplate.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import type { StartValues } from '../../protocol/startVariables.ts';
import { localizable } from '../../protocol/texts.ts';
import { RequestError } from '../requestError.ts';
import type { Tree } from '../trees/tree.ts';
import type { InstanceFact } from './dependencies.ts';
import { valuesNeeded } from './givenValues.ts';
import type { NamedPortTable } from './namedPortTable.ts';
import type { StopOptions } from './reconcilerParts.ts';

/** What a verb has come to for one instance. */
export interface InstanceOutcome {
  readonly name: string;
  /** Rejects with a RequestError where it did not succeed; undefined where nothing of it was there. */
  readonly tree: Promise<Tree | undefined>;
}

export interface VerbOptions extends StopOptions, Pick<StartNameRequest, 'dimensions' | 'env' | 'awaitReader' | 'trigger'> {
  /** What depends on it, too, is restarted when it is there again. */
  readonly cascades?: true;
}

/** A restart of one instance after the other. */
export interface Rolling {
  readonly options: VerbOptions;
  readonly outcomes: InstanceOutcome[];
  /** Names of the instances that were to be restarted when it began. */
  readonly names: readonly string[];
  done(outcomes: readonly InstanceOutcome[]): void;
}

export function factOfEnd({ state, endWasWanted, limit }: Tree): InstanceFact {
  if (limit !== undefined || state === 'unkillable') return 'failed';
  if (endWasWanted) return 'stopped';
  return state === 'succeeded' ? 'succeeded' : 'failed';
}

/** What an instance is made of. */
interface InstanceParts {
  /** Declared, of all instances. */
  readonly name: string;
  readonly template: ProcessTemplate;
  readonly instance: number;
  readonly ports: NamedPortTable;
  readonly values: StartValues;
}

export function fillInstance(
  { name: process, template, instance, ports, values }: InstanceParts,
  name: string,
): Omit<StartRequest, 'name'> {
  // A run at its time, or one instance more, is of the newest declaration, which may need more than was given.
  const missing = startVariablesIn(template).filter((variable) => !Object.hasOwn(values, variable));
  if (missing.length > 0) throw new RequestError('startFailed', valuesNeeded(name, missing));
  try {
    return fillTemplate(template, { instance, portOf: (port) => ports.ofInstance(port, process, instance), values });
  } catch (error) {
    throw new RequestError('startFailed', `'${name}' was not started: ${errorText(error)}`);
  }
}

export function calledOff(name: string): Promise<never> {
  const rejection = Promise.reject(new RequestError('superseded', localizable('stoppedMeanwhile', name)));
  rejection.catch(() => undefined);
  return rejection;
}

export function digestOf(template: ProcessTemplate): string {
  return createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 16);
}
