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
import * as jobs from '../protocol/jobs.ts';
import { modelActivity } from '../protocol/modelActivity.ts';
import * as models from '../protocol/models.ts';
import { type OpenConnection, openConnection } from '../protocol/openConnection.ts';
import * as outputs from '../protocol/output.ts';
import * as ownership from '../protocol/ownership.ts';
import { maxRemoteMembers, remoteReport, remoteStart } from '../protocol/remoteRequests.ts';
import { keepBodies, requestBodies } from '../protocol/requestBodies.ts';
import * as requests from '../protocol/treeRequests.ts';
import * as watching from '../protocol/watching.ts';
import { listOf } from '../records/listOf.ts';
import { RequestError } from './requestError.ts';
import { declaredModels } from './shapes/models.ts';
import { argv, count, dimensions, flag, instances, millis, moment, name, portNumber, signal, text, tree } from './shapes/primitives.ts';
import { environment, start, steps, template, values } from './shapes/start.ts';

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
  [keepBodies.method, z.looseObject({ keep: flag })],
  [requestBodies.method, z.looseObject({ gateway: z.string().max(100), id: count })],
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
