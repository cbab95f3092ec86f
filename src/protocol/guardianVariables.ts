/** The settings of a warden that its environment can have: checked at its start, above those of its client. */
import { maxSetAside } from './logRotation.ts';
import { parseBytes, parseDuration } from './quantities.ts';

/** What the environment says; absent: nothing. */
export interface GuardianVariables {
  readonly maxTrees?: number;
  /** 0: no limit. */
  readonly maxProcesses?: number;
  /** In milliseconds; 0: no limit. */
  readonly timeLimit?: number;
  /** 0: metrics are not served. */
  readonly metricsPort?: number;
  readonly keepHistory?: boolean;
  /** In bytes. */
  readonly logMaxSize?: number;
  readonly logMaxFiles?: number;
  /** In megabytes. */
  readonly gatewayHeap?: number;
  readonly native?: 'on' | 'off';
  readonly platform?: 'portable';
}

interface GuardianVariable<T> {
  readonly variable: string;
  /** What it has to be, as a clause behind "it has to be". */
  readonly range: string;
  /** Where the variable is not set, for people. */
  readonly standard: string;
  /** For people, as a phrase. */
  readonly meaning: string;
  /** Setting of VS Code for the same; the variable is above it. */
  readonly setting?: string;
  /** Undefined for what is out of range. */
  read(text: string): T | undefined;
}

type VariableOf = { readonly [Key in keyof GuardianVariables]-?: GuardianVariable<NonNullable<GuardianVariables[Key]>> };

/** The least that a log may be set aside at, in bytes: one screen of output may fill as much. */
export const minLogBytes = 64 * 1024;
const maxLogBytes = 2 ** 40;

/** By the name that the journal has for it. */
export const guardianVariables: VariableOf = {
  maxTrees: {
    ...count('TREE_WARDEN_MAX_TREES', 1, 100_000),
    standard: '100',
    meaning: 'maximum number of process trees that run at the same time',
    setting: 'treeWarden.maxTrees',
  },
  maxProcesses: {
    ...count('TREE_WARDEN_MAX_PROCESSES', 0, 4_194_304),
    standard: '0, no limit',
    meaning: 'maximum number of processes in all trees; if it is exceeded, the largest tree is killed',
    setting: 'treeWarden.maxProcesses',
  },
  timeLimit: {
    variable: 'TREE_WARDEN_TIME_LIMIT',
    range: 'a duration from 0s (no limit) to 8760h, such as 90s or 2h',
    standard: '0s, no limit',
    meaning: 'maximum running time of a process without a time limit of its own',
    setting: 'treeWarden.timeLimit',
    read: orUndefined(parseDuration),
  },
  metricsPort: {
    ...count('TREE_WARDEN_METRICS_PORT', 0, 65_535),
    standard: '0, none',
    meaning: 'port on 127.0.0.1 that serves Prometheus metrics; not handed on to processes',
    setting: 'treeWarden.metrics.port',
  },
  keepHistory: {
    variable: 'TREE_WARDEN_KEEP_HISTORY',
    range: 'true or false (or 1 or 0)',
    standard: 'false',
    meaning: 'write the usage of all trees to history.jsonl, next to the journal',
    setting: 'treeWarden.history.keep',
    read: (text) =>
      new Map([
        ['true', true],
        ['1', true],
        ['false', false],
        ['0', false],
      ]).get(text),
  },
  logMaxSize: {
    variable: 'TREE_WARDEN_LOG_MAX_SIZE',
    range: 'a size from 64k to 1t, such as 50m',
    standard: '10m',
    meaning: 'size at which the log of a process is set aside, where its declaration has no log',
    read: orUndefined((text) => within(parseBytes(text), minLogBytes, maxLogBytes)),
  },
  logMaxFiles: {
    ...count('TREE_WARDEN_LOG_MAX_FILES', 1, maxSetAside),
    standard: '3',
    meaning: 'number of logs set aside that are kept of a process, where its declaration has no log',
  },
  gatewayHeap: {
    ...count('TREE_WARDEN_GATEWAY_HEAP_MB', 64, 65_536),
    standard: '1024',
    meaning: 'heap of the process that answers requests to models, in megabytes',
  },
  native: {
    variable: 'TREE_WARDEN_NATIVE',
    range: 'on or off',
    standard: 'on',
    meaning: 'off: do without native calls (Linux), where the native library misbehaves',
    read: oneOf(['on', 'off']),
  },
  platform: {
    variable: 'TREE_WARDEN_PLATFORM',
    range: 'portable',
    standard: 'the strongest that there is',
    meaning: 'portable: do without native calls and /proc (Linux)',
    read: oneOf(['portable']),
  },
};

/** A variable has a value that cannot be used. The message is a sentence. */
export class GuardianVariableError extends Error {}

/**
 * What the environment says; an empty variable is one that is not set.
 * @throws GuardianVariableError that names each variable that is wrong, its value, and what it has to be.
 */
export function readGuardianVariables(env: Readonly<Record<string, string | undefined>>): GuardianVariables {
  const problems: string[] = [];
  const entries = Object.entries(guardianVariables).flatMap(([key, { variable, range, read }]) => {
    const text = env[variable]?.trim() ?? '';
    if (text === '') return [];
    const value = read(text);
    if (value === undefined) problems.push(`${variable} is '${clipped(text)}': it has to be ${range}.`);
    return [[key, value]];
  });
  if (problems.length > 0) throw new GuardianVariableError(problems.join(' '));
  return Object.fromEntries(entries) as GuardianVariables;
}

/** For a warden that has to start whatever the environment says: without the variables that are wrong. */
export function withoutWrongVariables<T extends Readonly<Record<string, string | undefined>>>(env: T): T {
  const wrong = Object.values(guardianVariables).filter(
    ({ variable, read }) => env[variable]?.trim() && read(env[variable].trim()) === undefined,
  );
  return Object.fromEntries(Object.entries(env).filter(([name]) => !wrong.some(({ variable }) => variable === name))) as T;
}

function count(variable: string, least: number, most: number): Pick<GuardianVariable<number>, 'variable' | 'range' | 'read'> {
  return {
    variable,
    range: `a whole number from ${least} to ${most}`,
    read: (text) => (/^\d{1,15}$/.test(text) ? within(Number(text), least, most) : undefined),
  };
}

function within(value: number, least: number, most: number): number | undefined {
  return value >= least && value <= most ? value : undefined;
}

function oneOf<const T extends string>(values: readonly T[]): (text: string) => T | undefined {
  return (text) => values.find((value) => value === text);
}

function orUndefined<T>(parse: (text: string) => T | undefined): (text: string) => T | undefined {
  return (text) => {
    try {
      return parse(text);
    } catch {
      return undefined;
    }
  };
}

/** Maximum length of a value in an error. */
const maxQuoted = 60;

function clipped(text: string): string {
  return text.length > maxQuoted ? `${text.slice(0, maxQuoted)}…` : text;
}
