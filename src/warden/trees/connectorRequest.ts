/** What stands here for a tree that runs on a node: a process that starts it there, passes its output on, and ends when nothing of it is left. */
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { execPath } from 'node:process';
import type { Runner } from '../../protocol/runner.ts';
import { socketVariable } from '../../protocol/runnerVariables.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import { stopMillis } from '../../protocol/stopSteps.ts';

/** For the connection to the node, beside what the steps of a stop take there, in milliseconds. */
const marginMillis = 20_000;
/** For the program that ends what is left on the node when the connector could not, beside the same, in milliseconds. */
const endMillis = 120_000;

/**
 * The request of the connector. Everything that is about the process itself (limits, hooks, isolation, its stop) is done on the node; what is about its place among
 * others (probes over the network, restarts, dependencies, its log) is done here.
 */
export function connectorRequest(request: StartRequest & { readonly runner: Runner }, socket: string): StartRequest {
  const { name, pool, declaration, history, trigger, endsWithWarden, group, cwd, stdio, dimensions, runner } = request;
  const { successExitCodes, ready, alive, restart, log, awaitReader } = request;
  const meant = request.remote?.request ?? request;
  const lease = randomUUID();
  const program = [execPath, join(dirname(process.argv[1] ?? ''), 'remote.js')] as const;
  // Given by words, since it is on record: secrets are not in it.
  const takes = stopMillis(meant.stop);
  const end = [...program, 'end', lease, name, JSON.stringify(runner), `${takes}`] as const;
  return {
    ...{ name, cwd, stdio, runner },
    ...(pool !== undefined && { pool }),
    ...(declaration !== undefined && { declaration }),
    ...(history && { history }),
    ...(trigger && { trigger }),
    ...(endsWithWarden && { endsWithWarden }),
    ...(group !== undefined && { group }),
    ...(dimensions && { dimensions }),
    ...(successExitCodes && { successExitCodes }),
    ...(ready && { ready }),
    ...(alive && { alive }),
    ...(restart && { restart }),
    ...(log && { log }),
    ...(awaitReader !== undefined && { awaitReader }),
    argv: [...program, 'connect'],
    env: { ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: null, [socketVariable]: socket },
    stop: [
      { signal: 'SIGTERM' },
      { waitMillis: marginMillis + takes },
      { signal: 'SIGKILL' },
      { run: end, timeoutMillis: endMillis + takes, quiet: true },
    ],
    whenLeaderExits: 'kill',
    containment: 'auto',
    remote: { lease, request: meant },
  };
}
