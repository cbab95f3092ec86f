import { basename } from 'node:path';
import type { WardenClient } from '../client/wardenClient.ts';
import { errorText } from '../protocol/errors.ts';
import type { Dimensions, LeftoverPolicy, StartRequest, StopStep, TreeId, TreeSnapshot } from '../protocol/messages.ts';
import { parseDuration } from '../protocol/quantities.ts';
import { type ConstraintOptions, constraintsFrom } from './constraints.ts';
import { detachedWarden, ownEnvironment } from './detached.ts';
import { CliError, exitCodeOf, exitCodes, startErrorCode } from './exitCodes.ts';
import { CliSession } from './session.ts';
import { deferred, writeOut } from './stdout.ts';
import { Wardens } from './wardens.ts';

export interface RunOptions extends ConstraintOptions {
  readonly name?: string;
  readonly grace: string;
  readonly containment: StartRequest['containment'];
  readonly detached?: boolean;
  readonly whenLeaderExits: LeftoverPolicy;
}

/** Runs one command in the foreground, guarded; resolves with the exit status to pass on. */
export async function run(argv: readonly [string, ...string[]], options: RunOptions): Promise<number> {
  const stop: StopStep[] = [{ signal: 'SIGTERM' }, { waitMillis: graceFrom(options.grace) }, { signal: 'SIGKILL' }];
  const constraints = constraintsFrom(options);
  if (options.detached) return await runDetached(argv, options, { stop, ...constraints });
  const signals = new SignalRelay(stop);
  const name = await freeName(argv[0], options.name).catch((error: unknown) => {
    throw error instanceof CliError ? error : new CliError(errorText(error), exitCodes.wardenFailed);
  });
  // A terminal on both ends wants a terminal in between; anything else is handed through as it is, byte for byte.
  const onTerminal = process.stdin.isTTY && process.stdout.isTTY;
  const session = await CliSession.start('tree-warden run', !onTerminal);
  const request: StartRequest = {
    name,
    argv,
    cwd: process.cwd(),
    env: {},
    stdio: onTerminal ? 'pty' : 'inherit',
    ...(onTerminal && { dimensions: terminalSize(), awaitReader: true }),
    stop,
    whenLeaderExits: options.whenLeaderExits,
    containment: options.containment,
    ...constraints,
  };
  const tree = await session.warden.client.start(request).catch(async (error: unknown) => {
    await session.close('it could not be started');
    throw new CliError(errorText(error), startErrorCode(error));
  });
  signals.attach(session.warden.client, tree.id);
  const terminal = onTerminal ? await TerminalBridge.open(session, tree.id) : undefined;
  try {
    const ended = await session.endOf(tree.id);
    await terminal?.drained;
    reportLeftovers(ended);
    await session.close('the command has ended');
    return ended.exit ? exitCodeOf(ended.exit) : exitCodes.wardenFailed;
  } finally {
    terminal?.close();
  }
}

function graceFrom(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new CliError(`--grace: ${(error as RangeError).message}.`, exitCodes.usage);
  }
}

/** Hands it to the warden of this folder's detached trees, and prints its id. */
async function runDetached(
  argv: readonly [string, ...string[]],
  { name, containment, whenLeaderExits }: RunOptions,
  rest: Pick<StartRequest, 'stop' | 'limits' | 'onLimit' | 'priority'>,
): Promise<number> {
  const client = await detachedWarden();
  try {
    const request = {
      name: await freeName(argv[0], name),
      argv,
      cwd: process.cwd(),
      env: ownEnvironment(),
      stdio: 'file',
      ...rest,
    } as const;
    const tree = await client.start({ ...request, whenLeaderExits, containment });
    process.stdout.write(`${tree.id.slice(0, 8)}\n`);
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(errorText(error), startErrorCode(error));
  } finally {
    client.dispose();
  }
}

async function freeName(program: string, wanted: string | undefined): Promise<string> {
  using wardens = await Wardens.connect('tree-warden run');
  const running = (await wardens.trees()).filter(({ tree }) => tree.endedAt === undefined);
  const namesake = running.find(({ tree }) => tree.name === wanted);
  if (wanted !== undefined) {
    if (!namesake) return wanted;
    const { tree } = namesake;
    throw new CliError(
      `'${wanted}' is already running (pid ${tree.leader?.pid ?? 'unknown'}, tree ${tree.id.slice(0, 8)}). Choose another --name, or stop it: tree-warden kill ${tree.id.slice(0, 8)}`,
    );
  }
  const taken = new Set(running.map(({ tree }) => tree.name));
  const plain = basename(program);
  for (let number = 1; ; number++) {
    const name = number === 1 ? plain : `${plain}-${number}`;
    if (!taken.has(name)) return name;
  }
}

/**
 * SIGINT, SIGTERM and their like stop the tree, beginning with that very signal; a second one kills. The others are handed
 * through. It listens from the start: one that comes before there is a tree waits for it.
 */
class SignalRelay {
  readonly #tree: Promise<{ readonly client: WardenClient; readonly id: TreeId }>;
  readonly #stop: readonly StopStep[];
  attach: (client: WardenClient, id: TreeId) => void = () => undefined;
  #asked = false;

  constructor(stop: readonly StopStep[]) {
    this.#stop = stop;
    this.#tree = new Promise((resolve) => {
      this.attach = (client, id) => resolve({ client, id });
    });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => void this.#stopWith(signal));
    for (const signal of ['SIGUSR2', 'SIGCONT'] as const) process.on(signal, () => void this.#handThrough(signal));
  }

  async #stopWith(signal: NodeJS.Signals): Promise<void> {
    const now = this.#asked;
    this.#asked = true;
    const { client, id } = await this.#tree;
    const steps = [{ signal }, ...this.#stop.slice(1)];
    await client.stop({ tree: id, now, reason: `tree-warden received ${signal}`, steps }).catch(() => undefined);
  }

  async #handThrough(signal: NodeJS.Signals): Promise<void> {
    const { client, id } = await this.#tree;
    await client.signal({ tree: id, signal }).catch(() => undefined);
  }
}

function reportLeftovers({ state, reason }: TreeSnapshot): void {
  if (state === 'unkillable') process.stderr.write(`tree-warden: ${reason}\n`);
}

function terminalSize(): Dimensions {
  return { columns: process.stdout.columns, rows: process.stdout.rows };
}

/** Between the user's terminal and the tree's: raw both ways, sizes passed on. */
class TerminalBridge {
  /** Resolves when all of the tree's output has been written. */
  readonly drained: Promise<void>;
  readonly #restore: () => void;

  static async open({ warden }: CliSession, tree: TreeId): Promise<TerminalBridge> {
    const { client } = warden;
    const { promise, resolve } = deferred();
    const onInput = (data: Buffer): void => client.input(tree, data);
    const onResize = (): void => client.resize(tree, terminalSize());
    // Before the first byte is written, so that none is echoed or waited for by the line.
    process.stdin.setRawMode(true);
    process.stdin.on('data', onInput);
    process.stdout.on('resize', onResize);
    await client.readOutput(
      { tree, from: 0, whenBehind: 'wait', follow: true },
      {
        onChunk: (chunk) => writeOut(chunk),
        onEnd: resolve,
      },
    );
    return new TerminalBridge(promise, () => {
      process.stdin.off('data', onInput);
      process.stdin.setRawMode(false);
      process.stdin.pause();
      process.stdout.off('resize', onResize);
    });
  }

  private constructor(drained: Promise<void>, restore: () => void) {
    this.drained = drained;
    this.#restore = restore;
  }

  close(): void {
    this.#restore();
  }
}
