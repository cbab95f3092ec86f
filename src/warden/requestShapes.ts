/** What a client may send: each message is checked before anything of the warden sees it. */
import type { Readable, Writable } from 'node:stream';
import type { Message } from 'vscode-jsonrpc';
import * as z from 'zod';
import * as names from '../protocol/declare.ts';
import * as figures from '../protocol/figures.ts';
import * as handshake from '../protocol/handshake.ts';
import { helperNames, startHelper } from '../protocol/helpers.ts';
import * as models from '../protocol/models.ts';
import { type OpenConnection, openConnection } from '../protocol/openConnection.ts';
import * as outputs from '../protocol/output.ts';
import * as ownership from '../protocol/ownership.ts';
import { maxInstances } from '../protocol/policies.ts';
import { isSignal } from '../protocol/stopSteps.ts';
import * as requests from '../protocol/treeRequests.ts';
import * as watching from '../protocol/watching.ts';
import { listOf } from '../records/listOf.ts';
import { RequestError } from './requestError.ts';

const name = z.string().min(1).max(1000);
const text = z.string().max(4 * 2 ** 20);
const flag = z.boolean();
const millis = z.number().nonnegative();
const count = z.int().nonnegative();
const tree = z.string().max(100);
const signal = z.string().max(100).refine(isSignal, 'is not a signal of this system');
const dimension = z.int().min(1).max(10_000);
const dimensions = z.looseObject({ columns: dimension, rows: dimension });
const steps = listOf(z.union([z.looseObject({ signal }), z.looseObject({ waitMillis: millis })]), 1000);
const argv = listOf(text, 100_000).refine((words) => words.length > 0, 'is empty');
const environment = z.custom<Record<string, string | null>>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((one) => one === null || typeof one === 'string'),
  'is not an environment',
);
const portNumber = z.int().min(0).max(65_535);
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
const start = z.looseObject({
  name,
  pool: name.optional(),
  group: z.string().max(1000).optional(),
  argv,
  cwd: text,
  env: environment,
  stdio: z.enum(['pty', 'pipes', 'inherit', 'file', 'raw']),
  dimensions: dimensions.optional(),
  stop: steps,
  whenLeaderExits: z.enum(['kill', 'keep']),
  containment: z.enum(['group', 'cgroup', 'namespace', 'job', 'auto']),
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
  awaitReader: flag.optional(),
});
const probeTemplate = probeAt(z.union([portNumber, z.string().max(1000)]));
const template = start.omit({ name: true, pool: true }).extend({ ready: probeTemplate.optional(), alive: probeTemplate.optional() });
const instances = z.int().min(1).max(maxInstances);
const model = z.looseObject({
  name,
  aliases: listOf(z.string().max(1000), 1000),
  runtime: name,
  start,
  instances,
  ttlMillis: millis,
  exclusive: name.optional(),
  preload: flag,
  maxQueue: count,
  maxConcurrent: z.int().min(1),
  concurrencyLimit: count,
  affinity: flag,
  gpus: z.looseObject({ numbers: listOf(count, 1000), variables: listOf(name, 100) }).optional(),
  upstreamName: z.string().max(10_000),
  loadRequest: z.looseObject({ path: text, body: z.looseObject({}) }).optional(),
  progress: text.optional(),
  metricsPath: text.optional(),
});
const hello = z.looseObject({
  protocol: z.number(),
  version: z.string().max(1000),
  client: z.string().max(1000),
  versions: z.looseObject({ min: count, max: count }).optional(),
});
/** The warden numbers the instances of a name in this way. */
const declaredName = name.refine((written) => !/#\d+$/.test(written), 'ends like the name of an instance');
const declaration = z.intersection(
  z.looseObject({ name: declaredName, instances }),
  z.union([z.looseObject({ template }), z.looseObject({ problem: text })]),
);
const stop = z.looseObject({ tree, now: flag, reason: text, steps: steps.optional() });

const shapes: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  [handshake.hello.method, hello],
  [requests.start.method, start],
  [requests.stop.method, stop],
  [requests.restart.method, stop.extend({ request: start.optional() })],
  [requests.signal.method, z.looseObject({ tree, signal, pid: count.optional() })],
  [names.declare.method, z.looseObject({ origin: z.string().max(10_000), processes: listOf(declaration, 1000) })],
  [
    names.startName.method,
    z.looseObject({ name, dimensions: dimensions.optional(), env: environment.optional(), awaitReader: flag.optional() }),
  ],
  [names.stopName.method, z.looseObject({ name, now: flag, reason: text })],
  [names.restartName.method, z.looseObject({ name, reason: text })],
  [names.scaleName.method, z.looseObject({ name, instances, reason: text })],
  [names.namedPort.method, z.looseObject({ name })],
  [figures.history.method, z.looseObject({ tree })],
  [figures.details.method, z.looseObject({ tree, pid: count.optional() })],
  [requests.shutdown.method, z.looseObject({ now: flag, reason: text })],
  [startHelper.method, z.looseObject({ helper: z.enum(helperNames) })],
  [watching.watch.method, z.looseObject({ intervalMillis: millis })],
  [ownership.releaseOwnership.method, z.looseObject({ keepMillis: millis })],
  [outputs.subscribeOutput.method, z.looseObject({ tree, from: count, whenBehind: z.enum(['wait', 'skip']), follow: flag })],
  [outputs.outputLog.method, z.looseObject({ tree })],
  [outputs.acknowledgeOutput.method, z.looseObject({ subscription: count, end: count })],
  [outputs.unsubscribeOutput.method, z.looseObject({ subscription: count })],
  [outputs.input.method, z.looseObject({ tree, base64: z.string() })],
  [outputs.resize.method, dimensions.extend({ tree })],
  [
    models.declareModels.method,
    z.looseObject({
      models: listOf(model, 1000),
      gateway: z.looseObject({
        port: z.int().min(0).max(65_535),
        isPortFixed: flag.optional(),
        token: z.string().max(2000).optional(),
        allowedOrigins: listOf(z.string().max(1000), 100).optional(),
      }),
    }),
  ],
  [models.loadModel.method, z.looseObject({ model: name, instances: instances.optional() })],
  [models.unloadModel.method, z.looseObject({ model: name, now: flag })],
]);

/** What is wrong with a message, as a sentence; undefined where nothing is, or where it is none of ours. */
export function problemOf(method: string, params: unknown): string | undefined {
  const result = shapes.get(method)?.safeParse(params);
  if (result === undefined || result.success) return undefined;
  const [issue] = result.error.issues;
  return `'${method}' was not understood: ${issue?.path.join('.') || 'what it was given'}: ${issue?.message ?? 'wrong'}. Is the client of another version?`;
}

/** Stands for a message that is not handed on. */
const malformed = 'malformed';

/** Turns in which messages that came before the end of a connection are still handled, one in each. */
const maxLastTurns = 100;

/** A connection on which only messages arrive that are as they should be; any other is answered with what is wrong with it. */
export function checkedConnection(input: Readable, output: Writable): OpenConnection {
  const opened = openConnection(input, output, {
    maxLastTurns,
    handleMessage: (message, next) => {
      const { method, params } = message as Message & { readonly method?: unknown; readonly params?: unknown };
      const problem = typeof method === 'string' ? problemOf(method, params) : undefined;
      return next(problem === undefined ? message : ({ ...message, method: malformed, params: { problem } } as Message));
    },
  });
  opened.connection.onRequest(malformed, ({ problem }: { readonly problem: string }) => {
    throw new RequestError('notPossible', problem);
  });
  opened.connection.onNotification(malformed, () => undefined);
  return opened;
}
