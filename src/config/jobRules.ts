/** What a pool of jobs has otherwise than a process: values that go with it, its lifetime, its command. */
import { CannotStartError } from '../command/executable.ts';
import type { ProcessSpec } from './processSchema.ts';

export interface JobProblem {
  /** Name of the process that declares it. */
  readonly name: string;
  /** The key that does not go with it. */
  readonly key: string;
  /** Without the place. */
  readonly message: string;
}

const each = 'a pool of jobs is not started itself: each job is, by "tree-warden job"';

/** Why a value does not go with jobs, by key; empty where it does. */
const conflicts: Readonly<Partial<Record<keyof ProcessSpec, (spec: ProcessSpec) => string>>> = {
  autoStart: ({ autoStart }) => (autoStart ? each : ''),
  dependsOn: () => 'a pool of jobs waits for nothing but its turn',
  instances: ({ instances = 1 }) => (instances > 1 ? 'the number of jobs that run at the same time is "maxConcurrent" of "jobs"' : ''),
  lifetime: ({ lifetime }) =>
    lifetime === 'managed' ? 'jobs run under the warden of the folder, whatever window or terminal they come from: leave it out' : '',
  restart: () => 'a job runs once, and its result is told to whatever has asked for it',
  ready: () => 'a job runs to its end; nothing waits for it to be ready',
  alive: () => 'a job runs to its end; limit its time with "limits"',
  onReady: () => 'a job runs to its end; nothing waits for it to be ready',
  onLimit: ({ onLimit }) => (onLimit === 'restart' ? 'a job runs once: make it "stop" or "kill"' : ''),
  schedule: () => each,
  runOnSave: () => each,
  watch: () => each,
};

/** Values that would have no effect on a pool of jobs. */
export function jobProblems(specs: ReadonlyMap<string, ProcessSpec>): JobProblem[] {
  return [...specs].flatMap(([name, spec]) => {
    if (spec.jobs === undefined) return [];
    return Object.entries(conflicts).flatMap(([key, problemOf]) => {
      const problem = spec[key as keyof ProcessSpec] === undefined ? '' : problemOf(spec);
      return problem === '' ? [] : [{ name, key, message: `does not go with "jobs": ${problem}` }];
    });
  });
}

/** Its jobs are of no window. */
export function withJobLifetime(spec: ProcessSpec): ProcessSpec {
  return spec.jobs === undefined ? spec : { ...spec, lifetime: 'detached' };
}

/** Parameters of a shell's line: `$1`, `$@`, `$*`, `$#`, also in braces. In single quotes they are another program's, such as awk's. */
const parameters = /\$\{?[#@*\d]/;

/**
 * A command behind which the arguments of a job can stand; a line for the shell gets them as its parameters.
 * @throws CannotStartError where the shell of this system has none.
 */
export function commandOfJobs(argv: readonly [string, ...string[]], isLine: boolean): [string, ...string[]] {
  const line = argv.at(-1);
  if (!isLine || line === undefined) return [...argv];
  if (argv[1] !== '-c')
    throw new CannotStartError(
      'The command of a pool of jobs has to be a list here, such as ["node", "job.js"]: cmd.exe has no safe way to hand arguments to a line.',
    );
  // What follows the line is $0, and then the parameters.
  return [argv[0], ...argv.slice(1, -1), parameters.test(line.replaceAll(/'[^']*'/g, '')) ? line : `${line} "$@"`, 'sh'];
}
