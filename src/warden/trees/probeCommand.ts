import { type ChildProcess, spawn as spawnChild } from 'node:child_process';
import type { Container } from '../../platform/container.ts';
import type { Platform, ProcessStat } from '../../platform/platform.ts';
import type { StartRequest, TreeId } from '../../protocol/messages.ts';
import { resolveExecutable } from '../../spec/executable.ts';
import { dowryOf, environmentFor } from './dowry.ts';
import { describeExit } from './exits.ts';

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

/** Of what it prints, so much is kept to say why it failed. */
const keptCharacters = 2000;

/**
 * Runs a probe's command as a member of the tree, so that it can leave nothing behind that would outlive the tree. Answers with what is
 * wrong, as a clause; undefined where it ended with status 0. Who was started by it and has not ended by `signal` is killed.
 * @throws CannotStartError where there is no such command.
 */
export async function runProbeCommand(
  { platform, container, tree, request, alive, onSpawned, onCollected }: CommandSurroundings,
  [program, ...args]: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<string | undefined> {
  const env = environmentFor({ ...request, stdio: 'pipes' }, tree);
  const file = resolveExecutable(program, request.cwd, env['PATH'] ?? env['Path'] ?? '');
  const { cwd } = request;
  const child = platform.lend(dowryOf(tree), () =>
    container.enter(() =>
      spawnChild(file, args, { ...platform.spawnOptions, argv0: program, cwd, env, stdio: ['ignore', 'pipe', 'pipe'] }),
    ),
  );
  const { pid } = child;
  if (pid === undefined) {
    child.on('error', () => undefined);
    return `the system could not run ${program}`;
  }
  onSpawned(pid);
  const kill = (): void => {
    for (const process of alive()) if (process.session === pid) platform.signal(process, 'SIGKILL');
    child.kill('SIGKILL');
  };
  signal.addEventListener('abort', kill, { once: true });
  if (signal.aborted) kill();
  const said = outputOf(child);
  // Not 'close': who inherited its output may hold that open.
  const { code, signal: killer } = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on('error', () => undefined);
    child.on('exit', (code, signal) => resolve({ code, signal }));
  });
  signal.removeEventListener('abort', kill);
  onCollected(pid);
  for (const stream of [child.stdout, child.stderr]) stream?.destroy();
  if (code === 0) return undefined;
  if (signal.aborted) throw new Error('it took too long');
  const line = said().trim().split('\n').at(-1);
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
