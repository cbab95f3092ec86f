/** What an instance is started with, and a command beside it. */
import { instanceName } from '../../protocol/names.ts';
import type { ProcessTemplate } from '../../protocol/processTemplate.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import type { StartValues } from '../../protocol/startVariables.ts';
import { fillInstance, type VerbOptions } from './instances.ts';
import type { NamedPortTable } from './namedPortTable.ts';

export interface InstanceSurroundings {
  /** Declared. */
  readonly name: string;
  readonly history: NonNullable<StartRequest['history']>;
  readonly template: ProcessTemplate;
  readonly digest: string;
  /** Number of the instance, and whether there are several. */
  readonly instance: number;
  readonly isOneOfSeveral: boolean;
  readonly ports: NamedPortTable;
  /** What clients have given at a start. */
  readonly values: StartValues;
  /** Variables that what it depends on gives it. */
  readonly given: Readonly<Record<string, string>>;
  readonly options: Pick<VerbOptions, 'dimensions' | 'env' | 'awaitReader' | 'trigger'>;
}

/** @throws RequestError where a placeholder cannot be filled in. */
export function instanceRequest(surroundings: InstanceSurroundings): StartRequest {
  const { name, history, digest, instance, isOneOfSeveral, given, options } = surroundings;
  const { env, dimensions, awaitReader, trigger } = options;
  const own = instanceName(name, instance);
  const filled = fillInstance(surroundings, own);
  return {
    ...filled,
    name: own,
    env: { ...env, ...given, ...(isOneOfSeveral && { TREE_WARDEN_INSTANCE: String(instance) }), ...filled.env },
    ...(dimensions && { dimensions }),
    ...(awaitReader && { awaitReader }),
    ...(trigger && { trigger }),
    ...(isOneOfSeveral && { pool: name }),
    declaration: digest,
    history,
  };
}

/** Longest time that a command beside an instance may take, in milliseconds. */
const maxCommandMillis = 600_000;

/** A command in the folder and the environment of an instance, as a tree of its own. @throws RequestError as {@link instanceRequest}. */
export function commandRequest(surroundings: InstanceSurroundings, argv: readonly [string, ...string[]]): StartRequest {
  const request = instanceRequest({ ...surroundings, template: { ...surroundings.template, argv } });
  const { cwd, env, stdio, stop, containment, group, dimensions, priority } = request;
  return {
    // No declared name has a plus sign; `build:watch` would be that of many a script.
    name: `${surroundings.name}+watch`,
    ...{ argv: request.argv, cwd, env, stdio, stop, containment },
    ...(group !== undefined && { group }),
    ...(dimensions && { dimensions }),
    ...(priority && { priority }),
    whenLeaderExits: 'kill',
    limits: { timeMillis: maxCommandMillis },
    onLimit: 'kill',
  };
}
