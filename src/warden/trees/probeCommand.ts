import { type ChildProcess, spawn as spawnChild } from 'node:child_process';
import { resolveExecutable } from '../../command/executable.ts';
import type { Container } from '../../platform/container.ts';
import type { Platform, ProcessStat } from '../../platform/platform.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import { ifReadable } from '../ending/ifReadable.ts';
import { describeExit } from './exits.ts';
import { launchOf, searchPathOf } from './launch.ts';
import { startedByProbe } from './probeProcesses.ts';
import { environmentFor, inheritedAttributes } from './spawnAttributes.ts';

export interface CommandSurroundings {
  readonly platform: Platform;
  readonly container: Container;
  readonly tree: TreeId;
  readonly request: StartRequest;
  /** Living members of the tree, looked up afresh. */
  alive(): ProcessStat[];
  /** Called in the same turn of the event loop: Node waits for this child by itself. */
  onSpawned(pid: number): void;
  onCollected(pid: number): void;
}

/** Length of the output that is kept to explain a failure, in characters. */
const keptCharacters = 2000;

/**
 * Runs a probe's command as a member of the tree, so that it can leave nothing behind that would outlive the tree. Answers with what is
 * wrong, as a clause; undefined where it ended with status 0. Who was started by it and has not ended by `signal` is killed.
 * @throws CannotStartError where there is no such command.
 */
export async function runProbeCommand(
  { platform, container, tree, request, alive, onSpawned, onCollected }: CommandSurroundings,
  [program, ...written]: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<string | undefined> {
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
    return `the system could not run ${program}`;
  }
  onSpawned(pid);
  const startTime = ifReadable(() => platform.stat(pid)?.startTime) ?? 0;
  const kill = (): void => {
    for (const process of startedByProbe({ pid, startTime }, alive())) platform.signal(process, 'SIGKILL');
    child.kill('SIGKILL');
  };
  signal.addEventListener('abort', kill, { once: true });
  if (signal.aborted) kill();
  const output = outputOf(child);
  // Not 'close': a process that inherited its output may hold that open.
  const { code, signal: killer } = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on('error', () => undefined);
    child.on('exit', (code, signal) => resolve({ code, signal }));
  });
  signal.removeEventListener('abort', kill);
  onCollected(pid);
  for (const stream of [child.stdout, child.stderr]) stream?.destroy();
  if (code === 0) return undefined;
  if (signal.aborted) throw new Error('it took too long');
  const line = output().trim().split('\n').at(-1);
  return `${program} ${describeExit({ code, signal: killer })}${line ? `: ${line}` : ''}`;
}

function outputOf(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text = `${text}${chunk.toString()}`.slice(-keptCharacters);
    });
    stream?.on('error', () => undefined);
  }
  return () => text;
}
