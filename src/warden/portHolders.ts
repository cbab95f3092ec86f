/** The processes of this user that listen on a port, guarded or not. */

import { displayCommandLine } from '../command/commandLine.ts';
import type { Platform, ProcessIdentity } from '../platform/platform.ts';
import { sameProcess } from '../platform/platform.ts';
import type { PortHolder } from '../protocol/listeningPorts.ts';
import { parseStop } from '../protocol/stopSteps.ts';
import { describeSurvivors, terminate } from './ending/termination.ts';

/** What most programs understand as a request to end. */
const steps = parseStop(['SIGTERM', '5s']);

/**
 * @param port From 1 to 65535.
 * @throws Error where this platform does not tell.
 */
export async function findPortHolders(platform: Platform, port: number): Promise<PortHolder[]> {
  if (!platform.supportsPorts)
    throw new Error(`who listens on which port is not known on this platform (${platform.name}); it is on Linux and Windows`);
  const ours = platform.allProcesses().filter((process) => process.alive && platform.isOwnedByUser(process.pid));
  const listening = await platform.listening(ours);
  return ours.flatMap(({ pid, startTime, name }) => {
    const ports = listening.get(pid)?.filter((one) => one.port === port) ?? [];
    if (ports.length === 0) return [];
    const [program = name, ...args] = platform.argvOf(pid);
    return {
      pid,
      startTime,
      name,
      commandLine: displayCommandLine([program, ...args]),
      ports,
      ...(platform.isProtected(pid) && { protected: true }),
    };
  });
}

/**
 * Asks this very process to end, and kills it where it does not within five seconds.
 * @throws Error where it is another one's, or cannot be killed.
 */
export async function endProcess(platform: Platform, wanted: ProcessIdentity): Promise<void> {
  if (!platform.isOwnedByUser(wanted.pid)) throw new Error(`process ${wanted.pid} is not there any more, or belongs to another user`);
  if (platform.isProtected(wanted.pid))
    throw new Error(`process ${wanted.pid} is the first one of the system, or one that this command runs under, and is not ended`);
  const { survivors } = await terminate(
    {
      alive: () => {
        const stat = platform.stat(wanted.pid);
        return stat?.alive && sameProcess(stat, wanted) ? [stat] : [];
      },
      signal: (target, signal) => platform.signal(target, signal),
    },
    steps,
    new AbortController().signal,
  );
  if (survivors.length > 0) throw new Error(String(describeSurvivors(survivors)));
}
