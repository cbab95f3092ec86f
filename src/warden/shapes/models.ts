/** What a client may declare of models. */
import * as z from 'zod';
import { listOf } from '../../records/listOf.ts';
import { count, flag, instances, millis, name, text } from './primitives.ts';
import { start } from './start.ts';

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
  prompts: z.looseObject({ file: text, option: name }).optional(),
  loadRequest: z.looseObject({ path: text, body: z.looseObject({}) }).optional(),
  progress: text.optional(),
  metricsPath: text.optional(),
});
export const declaredModels = {
  models: listOf(model, 1000),
  gateway: z.looseObject({
    port: z.int().min(0).max(65_535),
    isPortFixed: flag.optional(),
    token: z.string().max(2000).optional(),
    allowedOrigins: listOf(z.string().max(1000), 100).optional(),
  }),
};
