/** What a client may ask to be started. */
import * as z from 'zod';
import { maxHookCharacters, maxHookMillis, maxHooks, maxStopBytes, maxStopSteps } from '../../protocol/hooks.ts';
import { maxWritable } from '../../protocol/isolation.ts';
import { maxSetAside } from '../../protocol/logRotation.ts';
import { type GivenValues, maxValues, valueProblem } from '../../protocol/startVariables.ts';
import { listOf } from '../../records/listOf.ts';
import { argv, count, dimensions, flag, isRecord, millis, name, portNumber, signal, text } from './primitives.ts';

/** Commands are on record, where a tree has few bytes. */
const hook = z.looseObject({
  run: argv
    .refine(([program]) => program !== '', 'has no program')
    .refine((words) => words.reduce((sum, word) => sum + word.length, 0) <= maxHookCharacters, 'is too long'),
  timeoutMillis: z.number().positive().max(maxHookMillis),
});
const hooks = listOf(hook, maxHooks);
const noCommand = { run: z.never().optional() };
export const steps = listOf(
  z.union([z.looseObject({ signal, ...noCommand }), z.looseObject({ waitMillis: millis, ...noCommand }), hook]),
  maxStopSteps,
).refine((all) => Buffer.byteLength(JSON.stringify(all.filter((step) => 'run' in step))) <= maxStopBytes, 'has commands that are too long');
export const environment = z.custom<Record<string, string | null>>(
  (value) => isRecord(value) && Object.values(value).every((one) => one === null || typeof one === 'string'),
  'is not an environment',
);
export const values = z.custom<GivenValues>(
  (value) =>
    isRecord(value) &&
    Object.values(value).every(
      (given) =>
        isRecord(given) &&
        Object.keys(given).length <= maxValues &&
        Object.values(given).every((one) => typeof one === 'string' && valueProblem(one) === undefined),
    ),
  'are no values',
);
const probeAt = <Port extends z.ZodType>(port: Port) =>
  z.looseObject({
    check: z.union([
      z.looseObject({ by: z.literal('http'), url: text }),
      z.looseObject({ by: z.literal('tcp'), port }),
      z.looseObject({ by: z.literal('log'), pattern: text }),
      z.looseObject({ by: z.literal('exec'), argv }),
    ]),
    delayMillis: millis,
    periodMillis: millis.optional(),
    timeoutMillis: millis,
    failureThreshold: count,
    successThreshold: count,
    deadlineMillis: millis.optional(),
  });
const probe = probeAt(portNumber);
const words = listOf(text, 1000);
const anyRunner = { leaseMillis: millis.min(1), extra: words.optional(), folder: text.optional(), workspace: text };
const runner = z.union([
  z.looseObject({
    ...anyRunner,
    type: z.literal('slurm'),
    ...Object.fromEntries(['partition', 'node', 'gpus', 'qos', 'account'].map((key) => [key, text.optional()])),
    ...{ cpus: count.optional(), memoryBytes: millis.optional(), timeMillis: millis.optional() },
  }),
  z.looseObject({ ...anyRunner, type: z.literal('ssh'), host: text.min(1) }),
]);
export const start = z.looseObject({
  name,
  pool: name.optional(),
  history: z.looseObject({ origin: z.string().max(10_000), name }).optional(),
  jobArgs: count.optional(),
  endsWithWarden: z.literal(true).optional(),
  group: z.string().max(1000).optional(),
  argv,
  cwd: text,
  env: environment,
  stdio: z.enum(['pty', 'pipes', 'inherit', 'file', 'raw']),
  dimensions: dimensions.optional(),
  stop: steps,
  beforeStart: hooks.optional(),
  afterReady: hooks.optional(),
  secretEnv: listOf(text, 10_000).optional(),
  whenLeaderExits: z.enum(['kill', 'keep']),
  successExitCodes: listOf(count, 1000).optional(),
  containment: z.enum(['group', 'cgroup', 'namespace', 'job', 'auto']),
  isolate: z
    .looseObject({
      network: flag,
      write: listOf(text, maxWritable),
      tmp: z.enum(['private', 'shared']),
      secrets: z.enum(['hidden', 'readable']),
      folder: text,
    })
    .optional(),
  join: name.optional(),
  runner: runner.optional(),
  // The warden makes it.
  remote: z.never().optional(),
  limits: z
    .looseObject({
      memoryBytes: millis.optional(),
      processes: count.optional(),
      cpuCores: millis.optional(),
      timeMillis: millis.optional(),
      openFiles: count.optional(),
    })
    .optional(),
  onLimit: z.enum(['warn', 'stop', 'kill', 'restart']).optional(),
  priority: z
    .looseObject({ nice: z.int().optional(), io: z.enum(['idle', 'low', 'high']).optional(), cpus: z.string().max(1000).optional() })
    .optional(),
  ready: probe.optional(),
  alive: probe.optional(),
  restart: z
    .looseObject({
      when: z.enum(['on-failure', 'always']),
      maxRestarts: count,
      windowMillis: millis,
      delayMillis: millis,
      maxDelayMillis: millis,
    })
    .optional(),
  log: z.looseObject({ maxBytes: z.int().min(1), maxFiles: z.int().min(1).max(maxSetAside) }).optional(),
  awaitReader: z.union([flag, z.literal('always')]).optional(),
});
const probeTemplate = probeAt(z.union([portNumber, z.string().max(1000)]));
export const template = start.omit({ name: true, pool: true }).extend({ ready: probeTemplate.optional(), alive: probeTemplate.optional() });
