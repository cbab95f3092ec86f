/**
 * Between a warden of this machine and one on a node.
 *   remote.js connect                 the leader of a tree on a node, started by the warden of this machine
 *   remote.js end LEASE NAME RUNNER STOP   ends what belongs to a lease, and to the process of this name, on its node; RUNNER is JSON, STOP the longest that its stop takes, in milliseconds
 *   remote.js attach LEASE            on the node: hands the warden of the lease on over stdin and stdout
 *   remote.js attach-again LEASE      the same, where it was reached before: one that is not there now has ended
 *   remote.js end-here LEASE          on the node: ends it
 */
import { constants } from 'node:os';
import { markVariable } from '../platform/platform.ts';
import { errorText } from '../protocol/errors.ts';
import type { TreeId } from '../protocol/identity.ts';
import type { Runner } from '../protocol/runner.ts';
import { socketVariable } from '../protocol/runnerVariables.ts';
import { Connector, type RemoteEnd } from './connector.ts';
import { LocalWarden } from './localWarden.ts';
import { nodeRunner } from './nodeRunner.ts';
import { attach, endLease } from './nodeSide.ts';
import { nodePlaces } from './staging.ts';

async function main([command, lease = '', name = '', runner = '', stopMillis = '']: readonly string[]): Promise<void> {
  switch (command) {
    case 'connect':
      return endAs(await connect());
    case 'end':
      return await nodeRunner(JSON.parse(runner) as Runner, { name, lease, places: nodePlaces(), stopMillis: Number(stopMillis) }).end();
    case 'attach':
      return await attach(lease, { isNew: true });
    case 'attach-again':
      return await attach(lease, { isNew: false });
    case 'end-here':
      return await endLease(lease);
    default:
      throw new Error(`'${command}' is not a command of this program`);
  }
}

async function connect(): Promise<RemoteEnd> {
  const socket = process.env[socketVariable] ?? '';
  // The last one is the innermost.
  const tree = process.env[markVariable]?.split(':').at(-1) as TreeId;
  let isStopped = false;
  let connector: Connector | undefined;
  process.on('SIGTERM', () => {
    isStopped = true;
    connector?.stop();
  });
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGUSR1', 'SIGUSR2', 'SIGQUIT'] as const) process.on(signal, () => connector?.signal(signal));
  const local = await LocalWarden.connect(socket, tree);
  connector = new Connector(local, await local.request());
  if (isStopped) connector.stop();
  return await connector.run();
}

/** By the same signal, so that what waits for this process sees the same end. */
function endAs(end: RemoteEnd): void {
  if ('code' in end) process.exit(end.code);
  process.removeAllListeners(end.signal);
  process.kill(process.pid, end.signal);
  // Some signals end nothing.
  setTimeout(() => process.exit(128 + constants.signals[end.signal]), 100);
}

main(process.argv.slice(2)).then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`${errorText(error)}\n`, () => process.exit(process.exitCode ?? 1));
  },
);
