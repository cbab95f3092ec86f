/**
 * The gateway process: one address for all models of a warden. It reads requests of any client on this machine; the warden, which must not fail because
 * of one, starts it when a model is declared, and replaces it when it has ended.
 *
 *   gateway.js --descriptors N    N: how many files this process may have open
 */
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createMessageConnection, ResponseError } from 'vscode-jsonrpc/node';
import { keepDebuggerClosed } from '../protocol/debuggerSignal.ts';
import { errorText } from '../protocol/errors.ts';
import * as messages from '../protocol/gateway.ts';
import * as helper from '../protocol/helperProcess.ts';
import { ifConnected } from '../protocol/ifConnected.ts';
import { MessageReader } from '../protocol/messageReader.ts';
import { MessageWriter } from '../protocol/messageWriter.ts';
import { gatewayActivity } from '../protocol/modelActivity.ts';
import { gatherMillis, type ModelSnapshot } from '../protocol/models.ts';
import { gatewayBodies, gatewayKeepBodies } from '../protocol/requestBodies.ts';
import { period } from '../protocol/timers.ts';
import { Models } from './models.ts';
import { notPossible } from './refusal.ts';
import { RemoteLauncher } from './remoteLauncher.ts';

/** Changes within this time are reported together, or within a longer one where there are many servers, in milliseconds. */
const shortestGatherMillis = 50;
/** Longest time in which requests that were broken off may be told so, in milliseconds. */
const closeMillis = 800;

keepDebuggerClosed();
const { values } = parseArgs({ options: { descriptors: { type: 'string', default: '1024' } } });
// The warden is gone, however that came about: it and its switch end the servers.
process.stdin.on('close', () => process.exit(0));
process.stdout.on('error', () => process.exit(0));

const connection = createMessageConnection(new MessageReader(process.stdin), new MessageWriter(process.stdout));
const models = new Models({
  launcher: new RemoteLauncher(connection),
  descriptors: Number(values.descriptors),
  onSpent: (id, spent) => void ifConnected(() => connection.sendNotification(messages.budgetSpent, { id, spent })),
  alert: (message) => void ifConnected(() => connection.sendNotification(messages.gatewayAlert, { message })),
});

let isDue = false;
let told: readonly ModelSnapshot[] = [];
models.onChange(() => {
  if (isDue) return;
  isDue = true;
  setTimeout(
    () => {
      isDue = false;
      told = models.snapshots();
      void ifConnected(() => connection.sendNotification(messages.modelsChanged, told));
    },
    period(gatherMillis(shortestGatherMillis, told)),
  );
});

connection.onRequest(messages.configure, (configuration) => answered(() => models.declare(configuration)));
connection.onNotification(messages.modelMeasured, ({ model, measured }) => models.measured(model, measured));
connection.onRequest(messages.snapshots, () => models.snapshots());
connection.onRequest(messages.load, ({ model, instances }) => answered(() => models.load(model, instances)));
connection.onRequest(messages.unload, ({ model, now }) => answered(() => models.unload(model, now)));
connection.onRequest(messages.restart, ({ tree }) => answered(async () => (await models.restart(tree)) ?? null));
connection.onRequest(gatewayActivity, async (request) => (await models.activity(request)) ?? { gateway: '', revision: 0, requests: [] });
connection.onRequest(gatewayKeepBodies, async ({ keep }) => {
  await models.keepBodies(keep);
  return null;
});
connection.onRequest(gatewayBodies, async (request) => (await models.bodies(request)) ?? null);
connection.onRequest(messages.serverMetrics, () => models.serverMetrics());
connection.onNotification(messages.budgetSpentElsewhere, ({ id, spent }) => models.spentElsewhere(id, spent));
connection.onRequest(helper.ping, () => null);
connection.onRequest(helper.close, async () => {
  await Promise.race([models.close(), wait(closeMillis)]);
  return null;
});
connection.onError(() => undefined);
connection.listen();

/** What goes wrong is the answer, in the words of its error. */
async function answered<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof ResponseError ? error : notPossible(errorText(error));
  }
}
