/** The schema of what all models share: `gateway` in processes.json. */
import * as z from 'zod';
import { clientKeysSchema } from './clientKeys.ts';

export const gatewaySchema = z
  .strictObject({ keys: clientKeysSchema.optional() })
  .describe('What all models share. It counts in the workspace’s own processes.json and in processes.local.json, which has the last word.');

export type GatewaySpec = z.output<typeof gatewaySchema>;
