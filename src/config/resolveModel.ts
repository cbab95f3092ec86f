import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { CannotStartError } from '../command/executable.ts';
import { homeFolder } from '../protocol/homeFolder.ts';
import type { FactRequest } from '../protocol/modelFacts.ts';
import { literalInTemplate, type ModelRequest, portPlaceholder } from '../protocol/models.ts';
import { estimateMemory } from './gguf/estimate.ts';
import { weightsSize } from './gguf/weightsSize.ts';
import type { ModelSpec } from './modelSchema.ts';
import { pathIn } from './pathIn.ts';
import { resolveRemote } from './resolveRemote.ts';
import { type ResolveContext, resolveSpec } from './resolveSpec.ts';
import { runtimes } from './runtimes/index.ts';
import type { Runtime } from './runtimes/runtime.ts';
import { SpecValues } from './specValues.ts';
import { fillVariables } from './variables.ts';

/** What a model has to be loaded in, where it says nothing. */
const defaultLoadMillis = 600_000;

/**
 * Fills in variables, the runtime's template and defaults. The port stays {@link portPlaceholder}: each instance has its own.
 * @throws CannotStartError that names the variable or the file.
 */
export async function resolveModel(name: string, spec: ModelSpec, context: ResolveContext): Promise<ModelRequest> {
  if (spec.runtime === 'remote')
    return { ...clientsView(name, spec), runtime: 'remote', ...(await resolveRemote(name, spec, context)), ...factsOf(spec) };
  const runtime: Runtime = runtimes[spec.runtime];
  const { progress = runtime.progress } = spec;
  const model = await modelOf(spec, context);
  // Empty where no size is declared: no template asks for it then.
  const known = new Map([
    ['name', name],
    ['model', model.text],
    ['contextSize', String(spec.contextSize ?? '')],
  ]);
  // The warden fills in the port of each instance: text that comes from a variable must not be taken for the placeholder.
  const template = { ...context, asLiteral: literalInTemplate };
  // The server of several workspaces is of none of them.
  const written = spec.cwd ?? (spec.scope === 'user' ? homeFolder() : undefined);
  const { cwd: directory } = await new SpecValues({ command: [''], ...(written !== undefined && { cwd: written }) }, context).location();
  const withModel = { ...template, known, cwd: directory };
  const sized = spec.contextSize === undefined ? undefined : runtime.context;
  const command = spec.command ?? [...(runtime.command ?? []), ...argumentsFor(runtime, model.isFile), ...(sized?.args ?? [])];
  const [program = '', ...args] = await Promise.all([...command, ...(spec.args ?? [])].map((part) => fillVariables(part, withModel)));
  const { alive, env, envFile, group, stop, containment, limits, priority, runner } = spec;
  const base = await resolveSpec(
    name,
    {
      command: [program],
      pty: false,
      ...without({ alive, cwd: written, env, envFile, group: group ?? 'Models', stop, containment, limits, priority, runner }),
      ready: spec.ready ?? { http: `http://127.0.0.1:${portPlaceholder}${runtime.readyPath}` },
    },
    template,
  );
  const prompts = spec.onSwap === 'save' ? promptsOf(name, runtime, model) : undefined;
  const ready = base.ready && { deadlineMillis: spec.loadTimeout ?? defaultLoadMillis, ...base.ready };
  return {
    ...clientsView(name, spec),
    runtime: runtime.title,
    start: {
      ...base,
      argv: [program, ...args],
      env: { ...(await fillAll({ ...runtime.env, ...sized?.env }, withModel)), ...base.env },
      ...(ready && { ready }),
      pool: name,
    },
    ...memoryOf(spec),
    ...estimateOf(spec, model),
    ...(spec.gpus && { gpus: { numbers: spec.gpus, variables: runtime.gpuVariables } }),
    upstreamName: runtime.knownAs === 'model' ? model.text : name,
    ...factsOf(spec, model),
    ...(runtime.factRequests && {
      factRequests: await Promise.all(runtime.factRequests.map((one) => filledRequest(one, { ...context, known }))),
    }),
    ...(runtime.loadRequest && {
      loadRequest: {
        ...(await fillAll(runtime.loadRequest, { ...context, known })),
        body: await fillAll(runtime.loadRequest.body, { ...context, known }),
      },
    }),
    ...(prompts && { prompts }),
    ...(progress !== undefined && { progress }),
    ...(runtime.metricsPath !== undefined && { metricsPath: runtime.metricsPath }),
    ...(runtime.install !== undefined && { install: runtime.install }),
  };
}

/** One that {@link resolveModel} cannot resolve for this reason: clients see that it is declared, and why it is not served. */
export function unresolvedModel(name: string, spec: ModelSpec, problem: string): ModelRequest {
  const runtime = spec.runtime === 'remote' ? spec.runtime : runtimes[spec.runtime].title;
  return { ...clientsView(name, spec), runtime, problem, upstreamName: name, preload: false };
}

/** What does not depend on what serves the model: its names, its queue, and what is changed in requests. */
function clientsView(name: string, spec: ModelSpec) {
  const { description, exclusive, scope, keepAfterClose, fallback, request, variants, translate } = spec;
  return {
    name,
    aliases: spec.aliases ?? [],
    ...(description !== undefined && { description }),
    instances: spec.instances ?? 1,
    ttlMillis: spec.ttl ?? 0,
    ...(exclusive !== undefined && { exclusive }),
    ...(scope === 'user' && { scope }),
    ...(keepAfterClose !== undefined && { keepMillis: keepAfterClose }),
    preload: spec.preload ?? false,
    maxQueue: spec.maxQueue ?? 100,
    maxConcurrent: spec.maxConcurrent ?? 4,
    concurrencyLimit: spec.concurrencyLimit ?? 0,
    affinity: spec.affinity ?? false,
    ...(fallback !== undefined && { fallback }),
    ...(request && { changes: without(request) }),
    ...(translate && { translate }),
    ...(variants && { variants: Object.entries(variants).map(([variant, changes]) => ({ name: variant, ...without(changes) })) }),
  };
}

/** What is declared of its memory, and of how long it stays there. */
function memoryOf({ memory, gpuMemory, pin, rank }: ModelSpec): Pick<ModelRequest, 'memory' | 'isPinned' | 'rank'> {
  const declared = { ...(memory !== undefined && { memoryBytes: memory }), ...(gpuMemory !== undefined && { gpuMemoryBytes: gpuMemory }) };
  return {
    ...(Object.keys(declared).length > 0 && { memory: declared }),
    ...(pin === true && { isPinned: pin }),
    ...(rank !== undefined && { rank }),
  };
}

/** By the model's file, where there is one. */
function estimateOf({ contextSize }: ModelSpec, { text, isFile }: FoundModel): Pick<ModelRequest, 'estimatedBytes'> {
  const estimatedBytes = isFile ? estimateMemory(text, contextSize) : undefined;
  return estimatedBytes === undefined ? {} : { estimatedBytes };
}

/** @throws CannotStartError where it cannot be told whether what was saved is of the same model. */
function promptsOf(name: string, { promptOption: option }: Runtime, { text: file, isFile }: FoundModel): ModelRequest['prompts'] {
  if (option === undefined) return undefined;
  if (isFile) return { file, option };
  throw new CannotStartError(
    `'${name}' cannot have "onSwap": "save": only of a model that is a file is it known whether it is still the same.`,
  );
}

/** As far as they are known before a server is loaded. */
function factsOf({ contextSize, capabilities }: ModelSpec, { text, isFile }: Partial<FoundModel> = {}): Pick<ModelRequest, 'facts'> {
  const sizeBytes = isFile && text !== undefined ? weightsSize(text) : undefined;
  const facts = {
    ...(contextSize !== undefined && { contextSize }),
    ...(capabilities && { capabilities }),
    ...(sizeBytes !== undefined && { sizeBytes }),
  };
  return Object.keys(facts).length > 0 ? { facts } : {};
}

async function filledRequest({ path, body }: FactRequest, context: ResolveContext): Promise<FactRequest> {
  return { path, ...(body && { body: await fillAll(body, context) }) };
}

export interface FoundModel {
  readonly text: string;
  readonly isFile: boolean;
}

/** A file where it exists, or where the value looks like a path; else a name that the runtime knows. */
export async function modelOf({ model = '' }: ModelSpec, context: ResolveContext): Promise<FoundModel> {
  const filled = await fillVariables(model, context);
  const path = pathIn(context.workspaceFolder, filled);
  const exists = filled !== '' && existsSync(path);
  const looksLikeOne = /\.(gguf|safetensors|bin)$/i.test(filled) || isAbsolute(filled) || /^(~|\.)\//.test(filled);
  if (looksLikeOne && !exists) throw new CannotStartError(`There is no model file ${path}.`);
  return exists ? { text: path, isFile: true } : { text: filled, isFile: false };
}

function argumentsFor({ modelArguments }: Runtime, isFile: boolean): readonly string[] {
  if (modelArguments === undefined) return [];
  return isFile ? modelArguments.file : modelArguments.name;
}

/** In every value that is a text. */
export async function fillAll<T extends object>(values: T, context: ResolveContext): Promise<T> {
  const filled = Object.entries(values).map(async ([key, value]) => [
    key,
    typeof value === 'string' ? await fillVariables(value, context) : value,
  ]);
  return Object.fromEntries(await Promise.all(filled)) as T;
}

function without<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as ReturnType<typeof without<T>>;
}
