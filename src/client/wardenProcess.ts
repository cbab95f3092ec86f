import { spawn } from 'node:child_process';
import { execPath } from 'node:process';
import { wardenEnvironment } from '../protocol/environment.ts';
import { openConnection } from '../protocol/openConnection.ts';
import { serveArguments } from '../protocol/serveCommand.ts';
import { exitOf } from './childExit.ts';
import { WardenClient } from './wardenClient.ts';
import { reapAfter } from './wardenCommands.ts';
import { WardenGoneError } from './wardenGone.ts';

export interface WardenProcessOptions {
  /** The warden's program, `dist/warden.js`. */
  readonly script: string;
  readonly client: string;
  /** Names the warden in lists. */
  readonly workspace: string;
  /** Identifies the window over its reloads; absent where it is none. */
  readonly window?: string;
  readonly logFolder: string;
  /** Descriptors of this process that are handed on, stdin, stdout and stderr first, for one tree with `stdio: "inherit"`. */
  readonly lent?: readonly number[];
  /** What all of its trees together may take up; default: a hundred trees. */
  readonly limits?: { readonly maxTrees?: number; readonly maxProcesses?: number; readonly timeLimit?: string };
  readonly metricsPort?: number;
  readonly keepHistory?: boolean;
  /** Default: this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** How long it may take to answer for the first time, in milliseconds; a minute by default. */
  readonly startMillis?: number;
}

/** Time that a warden has to answer for the first time, in milliseconds: usually it takes a fifth of a second, on a very busy machine far longer. */
export const defaultStartMillis = 60_000;

/** A warden that this process owns: when this process ends, in whatever way, the warden sees the connection end. */
export interface OwnedWarden {
  readonly client: WardenClient;
  readonly pid: number;
  /** Resolves when it has ended, and what it left, if it was killed, has been killed too. */
  readonly ended: Promise<WardenEnd>;
}

export interface WardenEnd {
  /** False where the warden was killed or has failed. */
  readonly orderly: boolean;
  /** The last 4000 characters that it wrote to stderr, for the message. */
  readonly stderrTail: string;
}

/** A warden that this process has started. */
export class WardenProcess implements OwnedWarden {
  readonly client: WardenClient;
  readonly pid: number;
  readonly ended: Promise<WardenEnd>;
  /** Ends the connection, as the end of this process would. */
  readonly disconnect: () => void;
  /** Whether this process runs on for as long as the warden does; it does so by default. */
  readonly keepAlive: (keepsAlive: boolean) => void;

  /** @throws Error with what the warden wrote to stderr, where it cannot start. */
  static async start(options: WardenProcessOptions): Promise<WardenProcess> {
    const {
      script,
      client,
      workspace,
      window = '',
      logFolder,
      lent = [],
      limits = {},
      metricsPort,
      keepHistory = false,
      env = process.env,
      startMillis = defaultStartMillis,
    } = options;
    const limitArgs = [
      ...(limits.maxTrees === undefined ? [] : ['--max-trees', String(limits.maxTrees)]),
      ...(limits.maxProcesses === undefined ? [] : ['--max-processes', String(limits.maxProcesses)]),
      ...(limits.timeLimit === undefined ? [] : ['--time-limit', limits.timeLimit]),
    ];
    const child = spawn(
      execPath,
      [
        ...serveArguments(script, { workspace, window, logFolder, keepHistory, ...(metricsPort !== undefined && { metricsPort }) }),
        ...limitArgs,
      ],
      {
        // In a session of its own: this process passes on a Ctrl-C at its terminal, and a kill of its group must not reach the warden.
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe', ...lent],
        env: wardenEnvironment(env),
      },
    );
    let stderrTail = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      stderrTail = `${stderrTail}${chunk}`.slice(-4000);
    });
    const exited = exitOf(child);
    const { stdin, stdout } = child;
    if (!stdin || !stdout || child.pid === undefined) throw new Error(`The warden could not be started: ${(await exited).problem}`);
    stdin.on('error', () => undefined);
    const failed = exited.then(({ problem }): never => {
      throw new Error(`The warden could not be started: ${stderrTail.trim() || problem}`);
    });
    // Its streams end a moment before it is known why it has.
    const opened = openConnection(stdout, stdin);
    const greeting = WardenClient.greet(opened, client).catch((error: unknown) => {
      if (error instanceof WardenGoneError) return failed;
      throw error;
    });
    let deadline: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      deadline = setTimeout(() => {
        // Without a thread of its own (RLIMIT_NPROC), Node waits for ever before it runs anything.
        child.kill('SIGKILL');
        reject(new Error(`The warden could not be started: it has not answered in ${startMillis / 1000} s, and was ended.`));
      }, startMillis);
    });
    const greeted = await Promise.race([greeting, failed, late]).finally(() => clearTimeout(deadline));
    return new WardenProcess(
      child.pid,
      greeted,
      () => child.stdin?.destroy(),
      (keepsAlive) => {
        for (const handle of [child, ...child.stdio]) setReference(handle as Referenced | null, keepsAlive);
      },
      exited.then(async ({ code }) => {
        if (code !== 0) await reapAfter(script, greeted.welcome.folder, env);
        // How its trees have ended is the last that it says: each message is dealt with in a turn of its own, and its exit overtakes them.
        await opened.closed;
        return { orderly: code === 0, stderrTail };
      }),
    );
  }

  private constructor(
    pid: number,
    client: WardenClient,
    disconnect: () => void,
    keepAlive: (keepsAlive: boolean) => void,
    ended: Promise<WardenEnd>,
  ) {
    this.pid = pid;
    this.disconnect = disconnect;
    this.keepAlive = keepAlive;
    this.client = client;
    this.ended = ended;
  }
}

/** A handle of the event loop: a child process, or one of its pipes. */
interface Referenced {
  ref?(): void;
  unref?(): void;
}

function setReference(handle: Referenced | null, isReferenced: boolean): void {
  if (isReferenced) handle?.ref?.();
  else handle?.unref?.();
}
