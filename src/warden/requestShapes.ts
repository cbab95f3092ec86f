/** What a client may send: each message is checked before anything of the warden sees it. */
import { isAbsolute } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Message } from 'vscode-jsonrpc';
import * as z from 'zod';
import { maxCronLength, maxTimeZoneLength } from '../protocol/cronTimes.ts';
import * as names from '../protocol/declare.ts';
import * as external from '../protocol/externalRequests.ts';
import * as figures from '../protocol/figures.ts';
import * as fileWatch from '../protocol/fileWatch.ts';
import * as handshake from '../protocol/handshake.ts';
import { helperNames, startHelper } from '../protocol/helpers.ts';
import { maxHookCharacters, maxHookMillis, maxHooks, maxStopBytes, maxStopSteps } from '../protocol/hooks.ts';
import { maxWritable } from '../protocol/isolation.ts';
import * as jobs from '../protocol/jobs.ts';
import { maxSetAside } from '../protocol/logRotation.ts';
import { modelActivity } from '../protocol/modelActivity.ts';
import * as models from '../protocol/models.ts';
import { type OpenConnection, openConnection } from '../protocol/openConnection.ts';
import * as outputs from '../protocol/output.ts';
import * as ownership from '../protocol/ownership.ts';
import { maxInstances } from '../protocol/policies.ts';
import { maxRemoteMembers, remoteReport, remoteStart } from '../protocol/remoteRequests.ts';
import { type GivenValues, maxValues, valueProblem } from '../protocol/startVariables.ts';
import { isSignal } from '../protocol/stopSteps.ts';
import * as requests from '../protocol/treeRequests.ts';
import * as watching from '../protocol/watching.ts';
import { listOf } from '../records/listOf.ts';
import { RequestError } from './requestError.ts';

const name = z.string().min(1).max(1000);
const text = z.string().max(4 * 2 ** 20);
const flag = z.boolean();
const millis = z.number().nonnegative();
/** What a Date can be made of. */
const moment = z.number().min(-8.64e15).max(8.64e15);
const count = z.int().nonnegative();
const tree = z.string().max(100);
const signal = z.string().max(100).refine(isSignal, 'is not a signal of this system');
const isRecord = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
const dimension = z.int().min(1).max(10_000);
const dimensions = z.looseObject({ columns: dimension, rows: dimension });
const argv = listOf(text, 100_000).refine((words) => words.length > 0, 'is empty');
/** Commands are on record, where a tree has few bytes. */
const hook = z.looseObject({
  run: argv
    .refine(([program]) => program !== '', 'has no program')
    .refine((words) => words.reduce((sum, word) => sum + word.length, 0) <= maxHookCharacters, 'is too long'),
  timeoutMillis: z.number().positive().max(maxHookMillis),
});
const hooks = listOf(hook, maxHooks);
const noCommand = { run: z.never().optional() };
const steps = listOf(
  z.union([z.looseObject({ signal, ...noCommand }), z.looseObject({ waitMillis: millis, ...noCommand }), hook]),
  maxStopSteps,
).refine((all) => Buffer.byteLength(JSON.stringify(all.filter((step) => 'run' in step))) <= maxStopBytes, 'has commands that are too long');
const environment = z.custom<Record<string, string | null>>(
  (value) => isRecord(value) && Object.values(value).every((one) => one === null || typeof one === 'string'),
  'is not an environment',
);
const values = z.custom<GivenValues>(
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
const start = z.looseObject({
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
const template = start.omit({ name: true, pool: true }).extend({ ready: probeTemplate.optional(), alive: probeTemplate.optional() });
const instances = z.int().min(1).max(maxInstances);
const changes = z.looseObject({ set: z.looseObject({}).optional(), strip: listOf(z.string(), 1000).optional() });
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
  scope: z.literal('user').optional(),
  facts: z.looseObject({}).optional(),
  factRequests: listOf(z.looseObject({ path: text, body: z.looseObject({}).optional() }), 10).optional(),
  changes: changes.optional(),
  variants: listOf(changes.extend({ name }), 100).optional(),
  gpus: z.looseObject({ numbers: listOf(count, 1000), variables: listOf(name, 100) }).optional(),
  upstreamName: z.string().max(10_000),
  loadRequest: z.looseObject({ path: text, body: z.looseObject({}) }).optional(),
  progress: text.optional(),
  metricsPath: text.optional(),
});
const declaredModels = {
  models: listOf(model, 1000),
  gateway: z.looseObject({
    port: z.int().min(0).max(65_535),
    isPortFixed: flag.optional(),
    token: z.string().max(2000).optional(),
    allowedOrigins: listOf(z.string().max(1000), 100).optional(),
  }),
};
const hello = z.looseObject({
  protocol: z.number(),
  version: z.string().max(1000),
  client: z.string().max(1000),
  versions: z.looseObject({ min: count, max: count }).optional(),
});
/** The warden numbers the instances of a name in this way. */
const declaredName = name.refine((written) => !/#\d+$/.test(written), 'ends like the name of an instance');
const dependency = z.looseObject({
  name,
  condition: z.enum(['started', 'ready', 'succeeded', 'ended']),
  restart: z.literal(true).optional(),
});
const watch = z.looseObject({
  folder: text,
  patterns: listOf(z.string().max(1000), fileWatch.maxPatterns),
  action: z.union([
    z.looseObject({ by: z.literal('restart') }),
    z.looseObject({ by: z.literal('signal'), signal }),
    z.looseObject({ by: z.literal('run'), argv }),
  ]),
  debounceMillis: millis.max(60_000),
  dependents: z.literal(true).optional(),
});
const schedule = z.looseObject({
  cron: z.string().max(maxCronLength),
  timeZone: z.string().max(maxTimeZoneLength).optional(),
  overlap: z.enum(['skip', 'queue', 'replace']),
  catchUp: z.literal(true).optional(),
});
const { jobBounds } = jobs;
const jobSettings = z.looseObject({
  maxConcurrent: z.int().min(1).max(jobBounds.concurrent),
  maxQueued: z.int().min(0).max(jobBounds.queued),
  whenFull: z.enum(['wait', 'reject']),
});
const jobArguments = listOf(text, jobBounds.args)
  .refine(
    (words) => words.reduce((sum, word) => sum + word.length + 1, 0) <= jobBounds.argsLength,
    `are longer than ${jobBounds.argsLength} characters`,
  )
  .refine((words) => words.every((word) => !word.includes('\0')), 'have a NUL character, which no program can receive');
const ofPlain = z.record(z.string(), z.string());
const declaration = z.intersection(
  z.looseObject({
    name: declaredName,
    written: name.optional(),
    instances,
    dependsOn: listOf(dependency, 10_000).optional(),
    watch: watch.optional(),
    schedule: schedule.optional(),
    jobs: jobSettings.optional(),
  }),
  z.union([z.looseObject({ template }), z.looseObject({ problem: text })]),
);
const guard = z.enum(['watched', 'marked', 'guarded']);
/** Data of a text that is not known here is left aside: a newer client may have sent it. */
const reason = { reason: text, reasonData: z.looseObject({}).optional() };
const stop = z.looseObject({ tree, now: flag, ...reason, steps: steps.optional() });

const shortText = z.string().max(1000);
const amount = z.number().nonnegative();
/** What a connector tells comes from another machine, and perhaps from a newer version. */
const remoteMember = z.looseObject({
  ...{ pid: count, parent: count, name: shortText, threads: count, cpuPercent: amount, memoryBytes: amount },
  ...{ zombie: flag, stray: flag },
  ports: listOf(z.looseObject({ protocol: z.enum(['tcp', 'udp']), port: portNumber, address: shortText }), 1000).optional(),
  gpu: z.looseObject({ memoryBytes: amount, percent: amount }).optional(),
});
const remoteFigures = z.looseObject({
  members: listOf(remoteMember, maxRemoteMembers),
  ...{ cpuPercent: amount, memoryBytes: amount, readRate: amount, writeRate: amount, zombies: count },
  gpu: z.looseObject({ memoryBytes: amount, percent: amount }).optional(),
});
const remoteStatus = z.looseObject({
  lease: shortText,
  runner: z.enum(['slurm', 'ssh']),
  phase: z.enum(['submitting', 'queued', 'connecting', 'running', 'lost', 'paused', 'ending', 'failed']),
  ...{
    node: shortText.optional(),
    job: shortText.optional(),
    reason: shortText.optional(),
    ahead: count.optional(),
    endsAt: moment.optional(),
    stopsAt: moment.optional(),
  },
});

const shapes: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  [handshake.hello.method, hello],
  [requests.start.method, start],
  [requests.stop.method, stop],
  [requests.restart.method, stop.extend({ request: start.optional() })],
  [requests.signal.method, z.looseObject({ tree, signal, pid: count.optional(), startTime: z.number().optional() })],
  [
    names.declare.method,
    z.looseObject({ origin: z.string().max(10_000), file: z.string().max(10_000).optional(), processes: listOf(declaration, 1000) }),
  ],
  [
    names.startName.method,
    z.looseObject({
      name,
      dimensions: dimensions.optional(),
      env: environment.optional(),
      awaitReader: flag.optional(),
      schedule: z.enum(['arm', 'run']).optional(),
      lastRunAt: moment.optional(),
      trigger: z.enum(['schedule', 'save']).optional(),
      values: values.optional(),
    }),
  ],
  [names.stopName.method, z.looseObject({ name, now: flag, ...reason })],
  [names.restartName.method, z.looseObject({ name, ...reason, values: values.optional() })],
  [names.scaleName.method, z.looseObject({ name, instances, ...reason })],
  [fileWatch.setWatching.method, z.looseObject({ name, paused: flag })],
  [
    jobs.submitJob.method,
    z.looseObject({
      pool: name,
      args: jobArguments,
      env: ofPlain.optional(),
      cwd: text.refine(isAbsolute, 'is not absolute').optional(),
      values: ofPlain.optional(),
      detached: z.literal(true).optional(),
      lost: z.string().max(100).optional(),
      lastNumber: count.max(jobBounds.number).optional(),
    }),
  ],
  [jobs.followJob.method, z.looseObject({ job: name, until: z.enum(['queued', 'started', 'ended']) })],
  [jobs.cancelJob.method, z.looseObject({ job: name, now: flag, ...reason })],
  [jobs.clearJobs.method, z.looseObject({ pool: name, ...reason })],
  [jobs.listJobs.method, z.looseObject({ pool: name.optional() })],
  [names.namedPort.method, z.looseObject({ name })],
  [figures.history.method, z.looseObject({ tree })],
  [figures.details.method, z.looseObject({ tree, pid: count.optional() })],
  [requests.shutdown.method, z.looseObject({ now: flag, reason: text })],
  [remoteStart.method, z.looseObject({ tree })],
  [remoteReport.method, z.looseObject({ tree, status: remoteStatus, figures: remoteFigures.optional() })],
  [startHelper.method, z.looseObject({ helper: z.enum(helperNames) })],
  [watching.watch.method, z.looseObject({ intervalMillis: millis, external: flag.optional() })],
  [
    external.follow.method,
    z.looseObject({
      pid: count,
      host: count,
      kind: z.enum(['terminal', 'task', 'debug', 'extension']),
      name,
      guard,
      stop: steps,
      keepMillis: millis,
    }),
  ],
  [external.setGuard.method, z.looseObject({ tree, guard })],
  [external.forget.method, z.looseObject({ tree })],
  [external.markHosts.method, z.looseObject({ host: count, marked: flag })],
  [external.hostChildren.method, z.looseObject({ host: count })],
  [ownership.releaseOwnership.method, z.looseObject({ keepMillis: millis })],
  [outputs.subscribeOutput.method, z.looseObject({ tree, from: count, whenBehind: z.enum(['wait', 'skip']), follow: flag })],
  [outputs.outputLog.method, z.looseObject({ tree })],
  [outputs.acknowledgeOutput.method, z.looseObject({ subscription: count, end: count })],
  [outputs.unsubscribeOutput.method, z.looseObject({ subscription: count })],
  [outputs.input.method, z.looseObject({ tree, base64: z.string() })],
  [outputs.sendInput.method, z.looseObject({ tree, base64: z.string().max(outputs.maxInputLength) })],
  [outputs.resize.method, dimensions.extend({ tree })],
  [models.declareModels.method, z.looseObject({ ...declaredModels, service: text.optional() })],
  [models.leaseModels.method, z.looseObject({ ...declaredModels, lessee: z.string().max(10_000) })],
  [modelActivity.method, z.looseObject({ after: z.looseObject({ gateway: z.string().max(100), revision: count }).optional() })],
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
