/** What a client may declare of models. */
import * as z from 'zod';
import { maxRank } from '../../protocol/modelMemory.ts';
import { maxKeepMillis, translatedPaths } from '../../protocol/models.ts';
import { budgetId, budgetPeriods, remoteApis } from '../../protocol/remoteModels.ts';
import { listOf } from '../../records/listOf.ts';
import { count, flag, instances, millis, name, text } from './primitives.ts';
import { start } from './start.ts';

/** Bytes: of one server, or of all of them together. */
const bytes = z.number().min(0).max(Number.MAX_SAFE_INTEGER);
const changes = z.looseObject({ set: z.looseObject({}).optional(), strip: listOf(z.string(), 1000).optional() });
const remote = z.looseObject({
  url: z.url().max(2000),
  api: z.enum(remoteApis),
  key: z.string().min(1).max(10_000).optional(),
  problem: text.optional(),
  timeoutMillis: millis,
});
const budget = z.looseObject({
  // It is the name of a file.
  id: z.string().regex(budgetId),
  requests: count.optional(),
  tokens: count.optional(),
  per: z.enum(budgetPeriods),
});
const model = z
  .looseObject({
    name,
    aliases: listOf(z.string().max(1000), 1000),
    runtime: name,
    start: start.optional(),
    remote: remote.optional(),
    problem: text.optional(),
    fallback: name.optional(),
    budget: budget.optional(),
    instances,
    ttlMillis: millis,
    exclusive: name.optional(),
    memory: z.looseObject({ memoryBytes: bytes.optional(), gpuMemoryBytes: bytes.optional() }).optional(),
    estimatedBytes: bytes.optional(),
    isPinned: z.literal(true).optional(),
    rank: z.int().min(-maxRank).max(maxRank).optional(),
    preload: flag,
    maxQueue: count,
    maxConcurrent: z.int().min(1),
    concurrencyLimit: count,
    affinity: flag,
    scope: z.literal('user').optional(),
    keepMillis: millis.max(maxKeepMillis).optional(),
    facts: z.looseObject({}).optional(),
    factRequests: listOf(z.looseObject({ path: text, body: z.looseObject({}).optional() }), 10).optional(),
    changes: changes.optional(),
    translate: listOf(z.enum(translatedPaths), translatedPaths.length).optional(),
    variants: listOf(changes.extend({ name }), 100).optional(),
    gpus: z.looseObject({ numbers: listOf(count, 1000), variables: listOf(name, 100) }).optional(),
    upstreamName: z.string().max(10_000),
    prompts: z.looseObject({ file: text, option: name }).optional(),
    loadRequest: z.looseObject({ path: text, body: z.looseObject({}) }).optional(),
    progress: text.optional(),
    metricsPath: text.optional(),
  })
  .refine(
    ({ start: local, remote: elsewhere, problem }) => [local, elsewhere, problem].filter((one) => one !== undefined).length === 1,
    'has none of a start, a server elsewhere and a problem, or more than one',
  );
export const declaredModels = {
  models: listOf(model, 1000),
  gateway: z.looseObject({
    port: z.int().min(0).max(65_535),
    isPortFixed: flag.optional(),
    token: z.string().max(2000).optional(),
    allowedOrigins: listOf(z.string().max(1000), 100).optional(),
    keys: listOf(z.looseObject({ name, key: z.string().max(2000), models: listOf(name, 1000) }), 100).optional(),
    memory: z.looseObject({ memoryBytes: bytes.optional(), gpuMemoryBytes: z.union([bytes, listOf(bytes, 64)]).optional() }).optional(),
  }),
};
