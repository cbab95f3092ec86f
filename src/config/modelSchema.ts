/** The schema of a model in processes.json. */
import * as z from 'zod';
import { maxInstances } from '../protocol/policies.ts';
import { readySchema } from './probes.ts';
import { processSpecSchema } from './processSchema.ts';
import { runtimes } from './runtimes/index.ts';
import { argument, count, duration, pattern, programList, text } from './values.ts';

const runtimeNames = Object.keys(runtimes) as [keyof typeof runtimes, ...(keyof typeof runtimes)[]];

const { alive, cwd, env, envFile, group, description, stop, containment, limits, priority, runner } = processSpecSchema.shape;

export const modelSchema = z
  .strictObject({
    runtime: z
      .enum(runtimeNames, `must be one of ${runtimeNames.join(', ')}`)
      .describe('The server program: "llama.cpp" (llama-server), "ollama", "vllm", or "custom" (your own command).'),
    model: text
      .optional()
      .describe(
        'A file relative to the workspace folder, or a name that the runtime knows: "models/qwen.gguf", "ggml-org/gemma-3-1b-it-GGUF", "llama3.2".',
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
    gpus: z
      .array(z.int('must be a whole number').min(0, 'must be at least 0'), 'must be a list of numbers of GPUs')
      .optional()
      .describe('GPUs that the model may use, numbered as in nvidia-smi: [0, 1]; [] for none. Several servers share them.'),
    contextSize: count()
      .optional()
      .describe('Context size in tokens, prompt and answer together. It is passed to the server and to the editor’s chat.'),
    scope: z
      .enum(['window', 'user'], 'must be "window" or "user"')
      .optional()
      .describe(
        '"user": one server for all windows and commands that declare the same model, for as long as one of them lives. It counts for all models of a window, which have one address. Default: "window", a server of its own.',
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
    loadTimeout: duration(1).optional().describe('Maximum loading time; after that, the load has failed. Default: "10m".'),
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
  .describe('A model. All models share one address, and each is loaded on its first request.');

export type ModelSpec = z.output<typeof modelSchema>;
