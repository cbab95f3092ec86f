import { CannotStartError } from '../command/executable.ts';
import type { StartRequest } from '../protocol/startRequest.ts';
import type { ModelSpec } from './modelSchema.ts';
import { fillAll, modelOf, resolveModel } from './resolveModel.ts';
import type { ResolveContext } from './resolveSpec.ts';
import { runtimes } from './runtimes/index.ts';
import type { Pull, Runtime } from './runtimes/runtime.ts';
import { fillVariables } from './variables.ts';

/** What is to be done to have a model on this machine before it is loaded. */
export interface ResolvedPull {
  /** As people know its runtime. */
  readonly title: string;
  /** A file, or what the runtime knows it by. */
  readonly model: string;
  readonly isFile: boolean;
  /** Absent: its runtime has no means for that. */
  readonly pull?: Pull;
  /** Of its server: folder and environment are those of a download, too. */
  readonly start: StartRequest;
  /** Where the program of its server comes from, as a sentence. */
  readonly install?: string;
}

/** @throws CannotStartError that names the variable or the file. */
export async function resolvePull(name: string, spec: ModelSpec, context: ResolveContext): Promise<ResolvedPull> {
  const { start, install } = await resolveModel(name, spec, context);
  if (spec.runtime === 'remote' || start === undefined)
    throw new CannotStartError(`'${name}' is served by another machine: there is nothing to download.`);
  const { title, pull }: Runtime = runtimes[spec.runtime];
  const { text: model, isFile } = await modelOf(spec, context);
  return {
    title,
    model,
    isFile,
    ...(pull && { pull: await filled(pull, { ...context, known: new Map([['model', model]]) }) }),
    start,
    ...(install !== undefined && { install }),
  };
}

async function filled(pull: Pull, context: ResolveContext): Promise<Pull> {
  if (pull.by === 'request') return { ...pull, body: await fillAll(pull.body, context) };
  const fill = async ([program, ...args]: readonly [string, ...string[]]): Promise<[string, ...string[]]> => [
    program,
    ...(await Promise.all(args.map((argument) => fillVariables(argument, context)))),
  ];
  return { ...pull, commands: await Promise.all(pull.commands.map(fill)) };
}
