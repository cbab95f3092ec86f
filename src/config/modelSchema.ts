/** The schema of a model in processes.json. */
import * as z from 'zod';
import { capabilities } from '../protocol/modelFacts.ts';
import { maxRank } from '../protocol/modelMemory.ts';
import { maxKeepMillis, modelScopes, portPlaceholder, translatedPaths } from '../protocol/models.ts';
import { maxNameLength, namePattern, namePatternText, normalName } from '../protocol/names.ts';
import { maxInstances } from '../protocol/policies.ts';
import { memorySize } from './limits.ts';
import { readySchema } from './probes.ts';
import { processSpecSchema } from './processSchema.ts';
import { remoteProblems, remoteShape } from './remoteSchema.ts';
import { runtimes } from './runtimes/index.ts';
import type { Runtime } from './runtimes/runtime.ts';
import { argument, count, duration, pattern, programList, text } from './values.ts';

const runtimeNames = [...(Object.keys(runtimes) as (keyof typeof runtimes)[]), 'remote'] as const;

const { alive, cwd, env, envFile, group, description, stop, containment, limits, priority, runner } = processSpecSchema.shape;

/** Maximum number of fields of a request that are changed, of variants, and characters of what is set, as JSON. */
const most = { fields: 100, variants: 50, characters: 100_000 } as const;

const isNotModel = (name: string): boolean => name !== 'model';
const modelIsOurs = 'cannot be changed: it is what the server knows the model by';

/** Of every JSON request, or of those for one variant. */
const changeShape = {
  set: z
    .record(text.refine(isNotModel, modelIsOurs), z.unknown())
    .refine((fields) => Object.keys(fields).length <= most.fields, `must be at most ${most.fields} fields`)
    .refine((fields) => JSON.stringify(fields).length <= most.characters, `must have at most ${most.characters} characters`)
    .optional()
    .describe('Fields that the request has, whatever the client has written: { "temperature": 0.2 }.'),
  strip: z
    .array(text.refine(isNotModel, modelIsOurs), 'must be a list of names of fields')
    .max(most.fields, `must be at most ${most.fields} names`)
    .optional()
    .describe('Fields that are taken out of the request: ["reasoning_effort"].'),
};

const variantName = z.string().max(maxNameLength, `a name has at most ${maxNameLength} characters`).regex(namePattern, namePatternText);

export const modelSchema = z
  .strictObject({
    runtime: z
      .enum(runtimeNames, `must be one of ${runtimeNames.join(', ')}`)
      .describe(
        'The server program: "llama.cpp" (llama-server), "ollama", "vllm", "sglang", "mlx" (mlx_lm.server), "whisper.cpp" (whisper-server), "stable-diffusion.cpp" (sd-server), "custom" (your own command), or "remote" (a server elsewhere).',
      ),
    model: text
      .optional()
      .describe(
        'A file relative to the workspace folder, or a name that the runtime or the remote server knows: "models/qwen.gguf", "ggml-org/gemma-3-1b-it-GGUF", "llama3.2".',
      ),
    command: programList
      .optional()
      .describe('For the custom runtime: a program and its arguments, serving OpenAI’s API on ${port} of 127.0.0.1.'),
    args: z.array(argument, 'must be a list of arguments').optional().describe('Arguments added to the command: ["--ctx-size", "8192"].'),
    aliases: z.array(text).optional().describe('Other names that clients may use for the model.'),
    instances: count()
      .max(maxInstances, `must be at most ${maxInstances}`)
      .optional()
      .describe('Number of servers that share the requests. Default: 1.'),
    ttl: duration().optional().describe('Unload the model after this time without a request: "10m". Default: never.'),
    exclusive: text.optional().describe('Exclusive group: only one model of a group is loaded at a time, for example "gpu".'),
    memory: memorySize
      .optional()
      .describe(
        'Memory of this machine that a server of the model takes: "6g". It counts for the budget in "gateway". Default: what was measured when it was loaded last, and before that an estimate.',
      ),
    gpuMemory: memorySize.optional().describe('The same of the GPUs, all of them together.'),
    pin: z.boolean().optional().describe('true: the model is not unloaded for another one. ttl and an unload by hand count all the same.'),
    rank: z
      .int('must be a whole number')
      .min(-maxRank, `must be at least -${maxRank}`)
      .max(maxRank, `must be at most ${maxRank}`)
      .optional()
      .describe('Of models that can be unloaded for another one, those of a lower rank go first. Default: 0.'),
    gpus: z
      .array(z.int('must be a whole number').min(0, 'must be at least 0'), 'must be a list of numbers of GPUs')
      .optional()
      .describe('GPUs that the model may use, numbered as in nvidia-smi: [0, 1]; [] for none. Several servers share them.'),
    contextSize: count()
      .optional()
      .describe('Context size in tokens, prompt and answer together. It is passed to the server and to the editor’s chat.'),
    scope: z
      .enum(modelScopes, 'must be "window" or "user"')
      .optional()
      .describe(
        '"user": one server for all windows and commands that declare the same model, for as long as one of them lives. It counts for all models of a window, which have one address. Default: what the setting treeWarden.models.scope says, which is "window" at first, a server of its own.',
      ),
    keepAfterClose: duration()
      .refine((millis) => millis <= maxKeepMillis, 'must be at most "1d"')
      .optional()
      .describe(
        'How long a model with "scope": "user" is kept after the last window or command that has declared it is gone: "15m", at most "1d". A window that is opened again within that time finds it loaded. Default: it ends at once.',
      ),
    capabilities: z
      .array(z.enum(capabilities, `must be one of ${capabilities.join(', ')}`), 'must be a list')
      .optional()
      .describe(
        'What the model can do, for clients that ask before it is loaded and for the editor’s model picker: ["completion", "tools", "vision"]. A loaded server is asked itself where it can tell.',
      ),
    request: z
      .strictObject(changeShape)
      .optional()
      .describe('Changes of every JSON request to the model. A change takes effect with the next request, without a load.'),
    variants: z
      .record(variantName, z.strictObject({ ...changeShape, description: text.optional().describe('Shown beside the variant.') }))
      .refine((all) => Object.keys(all).length <= most.variants, `must be at most ${most.variants} variants`)
      .optional()
      .describe(
        'Further names of the model, with changes of their own behind those of "request": { "coder:high": { "set": { "reasoning_effort": "high" } } }. They share its servers.',
      ),
    translate: z
      .array(z.enum(translatedPaths, `must be one of ${translatedPaths.join(', ')}`), 'must be a list')
      .max(translatedPaths.length, `must be at most ${translatedPaths.length} paths`)
      .optional()
      .describe(
        'Paths that are answered by the server’s chat/completions even if it has them itself, for one that gets them wrong: ["responses"]. A server that does not have them is found out without it.',
      ),
    preload: z.boolean().optional().describe('Load the model when the workspace opens. You are asked once per workspace.'),
    maxQueue: z.int().min(0).optional().describe('Maximum number of queued requests; further requests get status 429. Default: 100.'),
    maxConcurrent: count().optional().describe('Maximum number of concurrent requests per server. Default: 4.'),
    concurrencyLimit: count()
      .optional()
      .describe('Maximum number of concurrent requests of all servers together. Default: no further limit.'),
    affinity: z
      .boolean()
      .optional()
      .describe('Send requests with the same beginning to the same server where it has capacity, so that its prompt cache helps.'),
    onSwap: z
      .enum(['stop', 'save'], 'must be "stop" or "save"')
      .optional()
      .describe(
        'What happens to the prompts that a server has worked on when it is unloaded for another model of its group. "save": it saves the last one of each of its slots (llama.cpp, models that are files), and goes on from there when it is loaded again, instead of reading long conversations anew. They are in Tree Warden’s state folder, at most a week and 16 GB of all models. Default: "stop", they are lost.',
      ),
    loadTimeout: duration(1)
      .optional()
      .describe(
        'Maximum loading time; after that, the load has failed. The time of a download (its processes write a megabyte a minute to storage) does not count, for a day at most. Default: "10m".',
      ),
    progress: pattern
      .optional()
      .describe(
        'Regular expression (no lookahead, lookbehind or back references) for a line of output that shows the loading progress: the first group is the percentage, or has one character per percent.',
      ),
    ready: readySchema.optional(),
    alive,
    cwd,
    env,
    envFile,
    group,
    description,
    stop,
    containment,
    limits,
    priority,
    runner,
    ...remoteShape,
    fallback: text
      .transform(normalName)
      .optional()
      .describe(
        'Name of the model that a request goes to where this one cannot be loaded, its queue is full, its budget is spent, or its remote server does not answer.',
      ),
  })
  .superRefine((spec, context) => {
    const { runtime, model, command, contextSize, onSwap, runner } = spec;
    for (const { path, message } of remoteProblems(spec)) context.addIssue({ code: 'custom', path, message });
    if (spec.keepAfterClose !== undefined && spec.scope !== 'user')
      context.addIssue({ code: 'custom', path: ['keepAfterClose'], message: 'needs "scope": "user": a server of a window ends with it' });
    if (runtime === 'remote') return;
    const noSave =
      (runtimes[runtime] as Runtime).promptOption === undefined
        ? `cannot be "save": the runtime ${runtime} saves no prompts`
        : runner === undefined
          ? undefined
          : 'cannot be "save" for servers on another machine';
    if (onSwap === 'save' && noSave !== undefined) context.addIssue({ code: 'custom', path: ['onSwap'], message: noSave });
    if (runtime === 'custom' && command === undefined)
      context.addIssue({ code: 'custom', message: 'must have a command, because its runtime is custom' });
    if (contextSize === undefined && command?.some((part) => part.includes('${contextSize}')))
      context.addIssue({ code: 'custom', path: ['command'], message: 'asks for ${contextSize}, which is not declared' });
    const { args = [], env = {} } = spec;
    if (runtime === 'custom' && command && ![...command, ...args, ...Object.values(env)].some((part) => part?.includes(portPlaceholder)))
      context.addIssue({
        code: 'custom',
        path: ['command'],
        message: 'must have ${port} in it, or in args or env: each server is told by it where to listen, and is asked there',
      });
    if (runtime !== 'custom' && command !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['command'],
        message: `belongs to the runtime "custom"; add arguments to ${runtime} with args`,
      });
    if (runtime !== 'custom' && model === undefined)
      context.addIssue({ code: 'custom', message: 'must have a model: a file, or a name that the runtime knows' });
  })
  .describe('A model. All models share one address, and each is loaded on its first request.');

export type ModelSpec = z.output<typeof modelSchema>;
