/** The model service of the user: one warden that has the models which several windows and commands share. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../protocol/errorReasons.ts';
import { errorText } from '../protocol/errors.ts';
import { type DeclaredModels, type GatewayOptions, type ModelRequest, modelServiceWindow } from '../protocol/models.ts';
import { stateLogFolder } from '../records/logFolder.ts';
import { type RecordFolder, socketPath } from '../records/records.ts';
import { startApart } from './startApart.ts';
import { connectToWarden, type WardenClient } from './wardenClient.ts';
import { WardenGoneError } from './wardenGone.ts';
import { recordedWardens } from './wardenRegistry.ts';

export interface ModelServiceOptions {
  /** The warden's program, `dist/warden.js`. */
  readonly script: string;
  /** Of the service, where it has to be started. */
  readonly env?: NodeJS.ProcessEnv;
}

/** What the service is started as. */
const service = { workspace: 'models of all windows', window: modelServiceWindow, isModelService: true } as const;

/** How long the service may take to start, in milliseconds: the one before it may still be ending its servers. */
const startMillis = 60_000;
/** Pause between two looks for it, in milliseconds. */
const lookMillis = 20;
/** Pause after one that has ended at once, in milliseconds: many clients may want it at the same moment. */
const againMillis = 500;

/** Whether a record is that of the model service. */
export function isModelService({ warden }: RecordFolder): boolean {
  return warden.window === modelServiceWindow && warden.lifetime === 'managed';
}

/**
 * Declares models to a warden, and has the model service serve them where they are to be shared.
 * @throws Error where the service does not start, or is one of another version.
 */
export async function declareWhereServed(
  client: WardenClient,
  models: readonly ModelRequest[],
  gateway: GatewayOptions,
  options: ModelServiceOptions,
): Promise<DeclaredModels> {
  if (!models.some(({ scope }) => scope === 'user')) return await client.declareModels(models, gateway);
  const until = performance.now() + startMillis;
  for (;;) {
    const path = await ensureModelService(options, until);
    try {
      return await client.declareModels(models, gateway, path);
    } catch (error) {
      // It was just about to end, because its last lease had.
      if (reasonOf(error) !== 'modelServiceGone' || performance.now() > until) throw error;
      await sleep(lookMillis);
    }
  }
}

/** Answers with the path of its socket. */
async function ensureModelService({ script, env = process.env }: ModelServiceOptions, until: number): Promise<string> {
  let mayStartAt = 0;
  for (;;) {
    const found = await findModelService();
    if (found !== undefined) return found;
    const now = performance.now();
    if (now > until)
      throw new Error(
        `The model service has not started within ${startMillis / 1000} s. Its reasons are in ${join(stateLogFolder(), 'journal.jsonl')}.`,
      );
    if (now >= mayStartAt) {
      mayStartAt = Number.POSITIVE_INFINITY;
      // Another client's may be faster, or the one before it not have ended yet.
      startApart(script, service, env, () => {
        mayStartAt = performance.now() + againMillis;
      });
    }
    await sleep(lookMillis);
  }
}

async function findModelService(): Promise<string | undefined> {
  for (const { path, warden } of recordedWardens().filter(isModelService)) {
    const socket = socketPath(path);
    try {
      const client = await connectToWarden(socket, 'model service');
      const { versionProblem } = client;
      client.dispose();
      if (versionProblem !== undefined) throw new Error(versionProblem);
      return socket;
    } catch (error) {
      if (!(error instanceof WardenGoneError))
        throw new Error(`The model service (pid ${warden.process.pid}) cannot be used: ${errorText(error)}`);
    }
  }
  return undefined;
}
