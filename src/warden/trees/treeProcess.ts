import { CannotStartError } from '../../command/executable.ts';
import type { Container } from '../../platform/container.ts';
import type { EndingSignal, Platform, ProcessStat } from '../../platform/platform.ts';
import { textOfError } from '../../protocol/errorReasons.ts';
import type { TreeId } from '../../protocol/identity.ts';
import { signalName } from '../../protocol/signalNames.ts';
import type { ExitStatus } from '../../protocol/snapshot.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import type { TreeOutput } from '../output/treeOutput.ts';
import { followAdopted } from './adoption.ts';
import { alreadyCollected, unknownExit } from './exits.ts';
import { killSpawned } from './killSpawned.ts';
import type { Leader, LeaderEvents } from './leader.ts';
import { type PreparedLeader, prepareLeader } from './spawnLeader.ts';

/** The leader as a process, and the way to it. */
export class TreeProcess {
  readonly identity: ProcessStat;
  /** Undefined where there is none: another warden has spawned it, and its log has been removed. */
  readonly link: Leader | undefined;
  /** Resolves when the leader has ended and its status is known. */
  readonly exited: Promise<ExitStatus>;
  #exit: ExitStatus | undefined;

  constructor(identity: ProcessStat, link: Leader | undefined, exited: Promise<ExitStatus>) {
    this.identity = identity;
    this.link = link;
    this.exited = exited.then((status) => {
      this.#exit = status;
      return status;
    });
  }

  /** Undefined while it lives. */
  get exit(): ExitStatus | undefined {
    return this.#exit;
  }

  /** One that another warden has spawned: it is no child of this one, so its status stays unknown. */
  static adopted(identity: ProcessStat, output: TreeOutput): TreeProcess {
    const process = new TreeProcess(identity, followAdopted(identity.pid, output), Promise.resolve(unknownExit));
    process.#exit = unknownExit;
    return process;
  }
}

export interface SpawnParts {
  readonly platform: Platform;
  readonly output: TreeOutput;
  readonly container: Container;
  readonly request: StartRequest;
  readonly tree: TreeId;
  /** Where a client gets its stdin and stdout, with `stdio: "raw"`. */
  readonly rawSocket: string;
  /** Called right before the spawn, in the same turn. @throws CannotStartError where it is not to be spawned any more. */
  onSpawning(): void;
  /** The warden has this child; called in the turn of the spawn, where its pid is known by then. */
  onChild(pid: number): void;
  /** @throws where it cannot be guarded, and must not live. */
  onSpawned(process: TreeProcess): void;
  onOutput(chunk: Buffer, skipped?: number): void;
  onOutputEnd(): void;
  onCollected(pid: number): void;
}

/**
 * Spawns a leader. What fails after the spawn ends the child: a start has either failed, and left no process, or it has not.
 * @throws CannotStartError
 */
export async function spawnProcess(parts: SpawnParts): Promise<TreeProcess> {
  try {
    return await spawn(parts);
  } catch (error) {
    throw error instanceof CannotStartError ? error : new CannotStartError(textOfError(error));
  }
}

function spawnPrepared(prepared: PreparedLeader, onSpawning: () => void, events: LeaderEvents): Leader {
  try {
    onSpawning();
    return prepared.spawn(events);
  } catch (error) {
    prepared.abandon();
    throw error;
  }
}

/** Node knows no realtime signal, and tells of a process that one has ended that it has exited with code 0. */
function withSignal(status: ExitStatus, ending: EndingSignal | undefined): ExitStatus {
  const signal = status.code === 0 ? ending?.read() : 0;
  ending?.close();
  return signal ? { code: null, signal: signalName(signal) } : status;
}

async function spawn({ platform, output, container, request, tree, rawSocket, ...parts }: SpawnParts): Promise<TreeProcess> {
  const prepared = await prepareLeader(platform, container, request, tree, { log: output.logPath, socket: rawSocket });
  let exit: (status: ExitStatus) => void = () => undefined;
  const exited = new Promise<ExitStatus>((resolve) => {
    exit = resolve;
  });
  let child = 0;
  let ending: EndingSignal | undefined;
  const events: LeaderEvents = {
    onChild: (pid) => {
      child = pid;
      if (pid > 0) parts.onChild(pid);
    },
    onOutput: parts.onOutput,
    onOutputEnd: parts.onOutputEnd,
    onExit: (status) => {
      exit(withSignal(status, ending));
      parts.onCollected(child);
    },
  };
  const leader = spawnPrepared(prepared, parts.onSpawning, events);
  try {
    if (leader.known) {
      await leader.known;
      container.admit(leader.pid);
      child = leader.pid;
      parts.onChild(child);
    }
    ending = platform.followEnd(leader.pid);
    const seen = platform.stat(leader.pid) ?? alreadyCollected(platform, leader.pid);
    // A session of its own by definition; the new process may be a moment away from having made it.
    const identity = { ...seen, group: leader.pid, session: leader.pid };
    output.attach(leader);
    const process = new TreeProcess(identity, leader, exited);
    parts.onSpawned(process);
    return process;
  } catch (error) {
    killSpawned(leader.pid);
    leader.close();
    throw error;
  }
}
