import { setTimeout as sleep } from 'node:timers/promises';
import { CannotStartError } from '../../command/executable.ts';
import type { Container } from '../../platform/container.ts';
import type { Isolator } from '../../platform/isolation.ts';
import { homeFolder } from '../../protocol/homeFolder.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import { runtimeFolderPath } from '../../records/runtimeFolder.ts';

/** How long it may take to look at the folders, in milliseconds: a stop waits for the start. */
const lookMillis = 10_000;

/**
 * The container of a tree, with its processes isolated as the request says.
 * @throws IsolationError where that cannot be; CannotStartError where a probe could not reach what is isolated.
 */
export async function isolated(
  isolator: Isolator,
  container: Container,
  { name, isolate, cwd, ready, alive }: StartRequest,
  survivesWarden: boolean,
): Promise<Container> {
  if (isolate === undefined) return container;
  for (const [key, probe] of Object.entries({ ready, alive }))
    if (!isolate.network && probe !== undefined && (probe.check.by === 'http' || probe.check.by === 'tcp'))
      throw new CannotStartError(
        `'${name}' has no network outside of itself, so its probe "${key}" (${probe.check.by}) could never reach it. Use a "log" probe, or allow it the network ("isolate": { "network": true }).`,
      );
  const surroundings = { cwd, home: homeFolder(), hidden: [runtimeFolderPath()], survivesWarden };
  const timer = new AbortController();
  const tooLong = sleep(lookMillis, undefined, { signal: timer.signal }).then(() => {
    throw new CannotStartError(
      `'${name}' was not started: the folders that it may reach could not be looked at within ${lookMillis / 1000} s. Is one of them on a server that does not answer?`,
    );
  });
  try {
    return await Promise.race([isolator.isolate(container, isolate, surroundings), tooLong]);
  } finally {
    timer.abort();
    tooLong.catch(() => undefined);
  }
}
