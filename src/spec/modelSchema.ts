/** Models as people write them. */
import * as z from 'zod';
import { maxInstances } from '../protocol/policies.ts';
import { readySchema } from './probes.ts';
import { processSpecSchema } from './processSchema.ts';
import { runtimes } from './runtimes/index.ts';
import { count, duration, pattern, text } from './values.ts';

const runtimeNames = Object.keys(runtimes) as [keyof typeof runtimes, ...(keyof typeof runtimes)[]];

const { alive, cwd, env, envFile, group, description, stop, containment, limits, priority } = processSpecSchema.shape;

export const modelSchema = z
  .strictObject({
    runtime: z
      .enum(runtimeNames, `must be one of ${runtimeNames.join(', ')}`)
      .describe('What serves it: "llama.cpp" (llama-server), "ollama", "vllm", or "custom", a command of your own.'),
    model: text
      .optional()
      .describe(
        'A file, relative to the workspace folder, or a name as the runtime knows it: "models/qwen.gguf", "ggml-org/gemma-3-1b-it-GGUF", "llama3.2".',
      ),
    command: z
      .tuple([text], text)
      .optional()
      .describe('Of a custom runtime: a program and its arguments, which serve OpenAI’s API at ${port} of 127.0.0.1.'),
    args: z.array(z.string()).optional().describe('Added to the command: ["--ctx-size", "8192"].'),
    aliases: z.array(text).optional().describe('Other names that clients may call it by.'),
    instances: count()
      .max(maxInstances, `must be at most ${maxInstances}`)
      .optional()
      .describe('How many servers of it share the requests; 1 by default.'),
    ttl: duration().optional().describe('It is unloaded when nobody has asked it anything for so long: "10m". By default it stays.'),
    exclusive: text.optional().describe('Of all models that name the same group here, only one is loaded at a time: "gpu".'),
    gpus: z
      .array(z.int('must be a whole number').min(0, 'must be at least 0'), 'must be a list of numbers of GPUs')
      .optional()
      .describe('The GPUs that it may use, as nvidia-smi numbers them: [0, 1]; [] for none. Several servers of it get their share each.'),
    contextSize: count()
      .optional()
      .describe('How many tokens it takes, question and answer together: its server and the editor’s chat are told so.'),
    preload: z.boolean().optional().describe('Load it when the workspace is opened. You are asked once per workspace.'),
    maxQueue: z.int().min(0).optional().describe('So many requests may wait for it; one more is answered with 429. 100 by default.'),
    maxConcurrent: count().optional().describe('So many requests each server answers at once; 4 by default.'),
    concurrencyLimit: count().optional().describe('So many requests all of its servers together answer at once.'),
    affinity: z
      .boolean()
      .optional()
      .describe('Requests that begin alike go to the same server where it has room, so that its cache of prompts is of use.'),
    loadTimeout: duration().optional().describe('What is not loaded by then has failed; "10m" by default.'),
    progress: pattern
      .optional()
      .describe(
        'A regular expression for a line of its output that tells how much of it is loaded: its first group is the percentage, or has one sign for each percent.',
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
  })
  .superRefine(({ runtime, model, command, contextSize }, context) => {
    if (runtime === 'custom' && command === undefined)
      context.addIssue({ code: 'custom', message: 'must have a command, because its runtime is custom' });
    if (contextSize === undefined && command?.some((part) => part.includes('${contextSize}')))
      context.addIssue({ code: 'custom', path: ['command'], message: 'asks for ${contextSize}, which is not declared' });
    if (runtime !== 'custom' && command !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['command'],
        message: `belongs to the runtime "custom"; add arguments to ${runtime} with args`,
      });
    if (runtime !== 'custom' && model === undefined)
      context.addIssue({ code: 'custom', message: 'must have a model: a file, or a name that the runtime knows' });
  })
  .describe('A model, served at one address with all the others, loaded when somebody asks it.');

export type ModelSpec = z.output<typeof modelSchema>;
