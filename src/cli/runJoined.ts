import type { WardenClient } from '../client/wardenClient.ts';
import { WardenGoneError } from '../client/wardenGone.ts';
import { errorText } from '../protocol/errors.ts';
import type { TreeId } from '../protocol/identity.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import type { StartRequest } from '../protocol/startRequest.ts';
import { isLive } from '../protocol/trees.ts';
import { ownEnvironment } from './detached.ts';
import { CliError, exitCodeOfTree, exitCodes, startErrorCode } from './exitCodes.ts';
import { streamsOnTerminal } from './ownTerminal.ts';
import type { SignalRelay } from './signalRelay.ts';
import { writeOut } from './stdout.ts';
import { TerminalBridge, terminalSize } from './terminalBridge.ts';
import { type FoundTree, Wardens } from './wardens.ts';

/**
 * Runs a command in the containment of a running tree, by the warden that has this; resolves with the exit status to pass on.
 * @throws CliError where there is no such tree, or it cannot be joined.
 */
export async function runJoined(
  join: string,
  request: Omit<StartRequest, 'env' | 'stdio' | 'join' | 'containment'>,
  signals: SignalRelay,
): Promise<number> {
  using wardens = await Wardens.connect('tree-warden run');
  const [{ warden: client, tree: host } = none(join)] = await wardens.findEach([join], 'live');
  const usesTerminal = streamsOnTerminal().every(Boolean);
  const ends = new Ends(client);
  // Before there is anything to hear of: it may have ended before this command has the answer to its start.
  await client.watch(0).catch((error: unknown) => {
    throw error instanceof WardenGoneError ? none(join) : error;
  });
  const started = await client
    .start({
      ...request,
      join: host.name,
      containment: 'auto',
      env: ownEnvironment(),
      stdio: usesTerminal ? 'pty' : 'pipes',
      ...(usesTerminal && { dimensions: terminalSize() }),
      awaitReader: true,
    })
    .catch((error: unknown) => {
      throw new CliError(errorText(error), startErrorCode(error));
    });
  const { id, leader } = started;
  const target = { client, id, command: () => Promise.resolve(leader?.pid ?? 0) };
  const end = ends.of(id);
  // It may come before it is waited for.
  end.catch(() => undefined);
  signals.attach(target);
  if (started.stdio === 'pty') {
    const leaderIsCommand = started.containment !== 'namespace';
    const bridge = new TerminalBridge({ ...target, leader: leader?.pid ?? 0, leaderIsCommand }, () => void signals.suspend(wholeGroup));
    signals.bridge(bridge);
    try {
      const ended = await end;
      await bridge.drained;
      return exitCodeOfTree(ended);
    } finally {
      bridge.close();
    }
  }
  const output = client.readOutput({ tree: id, from: 0, whenBehind: 'wait', follow: true }, { onChunk: writeOut });
  process.stdin.on('data', (data: Buffer) => client.input(id, data));
  const ended = await end;
  await output.ended;
  process.stdin.destroy();
  return exitCodeOfTree(ended);
}

/** Of kill(2): every process of this one's group. */
const wholeGroup = 0;

function none(name: string): FoundTree {
  throw new CliError(`There is no running '${name}' to join.`, exitCodes.cannotStart);
}

/** How the trees of a warden end, from now on. */
class Ends {
  readonly #ended = new Map<TreeId, TreeSnapshot>();
  readonly #looking = new Set<() => void>();
  #isLost = false;

  constructor(client: WardenClient) {
    client.onTrees((trees) => {
      for (const tree of trees) if (!isLive(tree)) this.#ended.set(tree.id, tree);
      this.#look();
    });
    client.onClose(() => {
      this.#isLost = true;
      this.#look();
    });
  }

  /** Resolves with its last snapshot; rejects where its warden ends first. */
  of(id: TreeId): Promise<TreeSnapshot> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const ended = this.#ended.get(id);
        if (ended) resolve(ended);
        else if (this.#isLost) reject(new CliError('The warden has ended, and with it the command.', exitCodes.wardenFailed));
      };
      this.#looking.add(look);
      look();
    });
  }

  #look(): void {
    for (const look of this.#looking) look();
  }
}
