import { type ChildProcess, spawn as spawnChild } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { resolveExecutable } from '../../command/executable.ts';
import { assertNoNul } from '../../command/nulCharacter.ts';
import type { Container } from '../../platform/container.ts';
import type { Platform, ProcessStat } from '../../platform/platform.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import { localizable, type Text } from '../../protocol/texts.ts';
import { ifReadable } from '../ending/ifReadable.ts';
import { startedByCommand } from './commandProcesses.ts';
import { describeExit } from './exits.ts';
import { launchOf, searchPathOf } from './launch.ts';
import { environmentFor, inheritedAttributes } from './spawnAttributes.ts';
import type { TreeContext } from './treeContext.ts';

export interface CommandSurroundings {
  readonly platform: Platform;
  readonly container: Container;
  readonly tree: TreeId;
  readonly request: Pick<StartRequest, 'cwd' | 'env'>;
  /** Living members of the tree, looked up afresh. */
  alive(): ProcessStat[];
  /** Called in the same turn of the event loop: Node waits for this child by itself. */
  onSpawned(pid: number): void;
  onCollected(pid: number): void;
  /** Called with what it prints; no more is read until what it answers resolves. Never rejects. */
  onOutput?(chunk: Buffer): void | Promise<void>;
}

/** The surroundings of a tree of this warden. */
export function surroundingsIn(
  { platform, events, alive }: Pick<TreeContext, 'platform' | 'events' | 'alive'>,
  tree: Pick<CommandSurroundings, 'container' | 'tree' | 'request'>,
): CommandSurroundings {
  return {
    ...{ ...tree, platform, alive },
    onSpawned: (pid) => events.emit('childSpawned', pid),
    onCollected: (pid) => events.emit('collected', pid),
  };
}

/** Length of the output that is kept to explain a failure, in characters. */
const keptCharacters = 2000;

/**
 * Runs a command as a member of the tree, so that it can leave nothing behind that would outlive the tree. Answers with what is
 * wrong, as a clause; undefined where it ended with status 0. What it has started and has not ended by `signal` is killed.
 * @throws CannotStartError where there is no such command, Error where it was killed so.
 */
export async function runMemberCommand(
  { platform, container, tree, request, alive, onSpawned, onCollected, onOutput }: CommandSurroundings,
  [program, ...written]: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<Text | undefined> {
  assertNoNul([program, ...written]);
  const env = environmentFor(platform, { ...request, stdio: 'pipes' }, tree);
  const found = resolveExecutable(program, request.cwd, searchPathOf(platform, env));
  const { file, args, argv0 } = launchOf(platform, { program, file: found, args: written }, env);
  const { cwd } = request;
  const child = platform.withSpawnAttributes(inheritedAttributes(tree), () =>
    container.enter(() => spawnChild(file, args, { ...platform.spawnOptions, argv0, cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })),
  );
  const { pid } = child;
  if (pid === undefined) {
    child.on('error', () => undefined);
    return localizable('notRun', program);
  }
  onSpawned(pid);
  const startTime = ifReadable(() => platform.stat(pid)?.startTime) ?? 0;
  const kill = (): void => {
    const started = ifReadable(() => startedByCommand({ pid, startTime }, alive())) ?? [];
    for (const process of started) ifReadable(() => platform.signal(process, 'SIGKILL'));
    child.kill('SIGKILL');
  };
  const output = outputOf(child, onOutput);
  const ended = await endOf(child, signal, kill, () => onCollected(pid));
  await output.drained();
  for (const stream of [child.stdout, child.stderr]) stream?.destroy();
  if (ended === 'lives') throw new CommandLivesError(`process ${pid} could not be killed`);
  const { code, signal: killer } = ended;
  if (code === 0) return undefined;
  if (signal.aborted) throw new Error('it took too long');
  const line = output.text().trim().split('\n').at(-1);
  const end = localizable('commandEnded', program, describeExit({ code, signal: killer }));
  return line ? localizable('because', end, line) : end;
}

/** How long a command that was killed may take to end, in milliseconds: a busy machine takes seconds to end a process. */
const killMillis = 10_000;

/** It goes on running, as a member of its tree. */
export class CommandLivesError extends Error {}

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `lives`: one of another user's, such as what sudo has become, cannot be killed. */
async function endOf(child: ChildProcess, cancelled: AbortSignal, kill: () => void, onCollected: () => void): Promise<End | 'lives'> {
  return await new Promise((resolve) => {
    let patience: NodeJS.Timeout | undefined;
    const end = (): void => {
      patience = setTimeout(() => resolve('lives'), killMillis);
      kill();
    };
    child.on('error', () => undefined);
    // Not 'close': a process that inherited its output may hold that open.
    child.on('exit', (code, signal) => {
      cancelled.removeEventListener('abort', end);
      clearTimeout(patience);
      onCollected();
      resolve({ code, signal });
    });
    cancelled.addEventListener('abort', end, { once: true });
    if (cancelled.aborted) end();
  });
}

/** How long what a command has printed last is waited for, in milliseconds: what it has left running may print without end. */
const drainMillis = 1000;
/** Number of turns of the event loop in which nothing comes: the pipe is empty. */
const emptyTurns = 3;

interface Output {
  /** The last of it. */
  text(): string;
  /** Resolves when all that a command that has ended has printed is read. */
  drained(): Promise<void>;
}

function outputOf(child: ChildProcess, onOutput: CommandSurroundings['onOutput']): Output {
  let text = '';
  let chunks = 0;
  let writing: Promise<void> | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      chunks++;
      text = `${text}${chunk.toString()}`.slice(-keptCharacters);
      const written = onOutput?.(chunk);
      if (!written) return;
      stream.pause();
      writing = written.then(() => void stream.resume());
    });
    stream?.on('error', () => undefined);
  }
  const drained = async (): Promise<void> => {
    const until = performance.now() + drainMillis;
    for (let turns = 0; turns < emptyTurns && performance.now() < until; turns++) {
      const before = chunks;
      await writing;
      await nextTurn();
      if (chunks > before) turns = 0;
    }
  };
  return { text: () => text, drained };
}
