import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { execPath } from 'node:process';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import type { Diagnosis, PortHolder } from '../protocol/messages.ts';
import { serveArguments } from '../protocol/serveCommand.ts';
import { WardenClient } from './wardenClient.ts';

export interface WardenProcessOptions {
  /** The warden's program, `dist/warden.js`. */
  readonly script: string;
  readonly client: string;
  /** Names the warden in lists. */
  readonly workspace: string;
  /** Identifies the window over its reloads; absent where it is none. */
  readonly window?: string;
  readonly logFolder: string;
  /** Hands this process's own stdin, stdout and stderr on, for one tree with `stdio: "inherit"`. */
  readonly lendStdio?: boolean;
  /** What all of its trees together may take up; default: a hundred trees. */
  readonly limits?: { readonly maxTrees?: number; readonly maxProcesses?: number; readonly timeLimit?: string };
  readonly metricsPort?: number;
  readonly keepHistory?: boolean;
  /** Default: this process's own. */
  readonly env?: NodeJS.ProcessEnv;
}

/** A warden that lives for us: when we are gone, however that came about, it sees our connection end. */
export interface OwnedWarden {
  readonly client: WardenClient;
  readonly pid: number;
  /** Resolves when it has ended, and what it left, if it was killed, has been killed too. */
  readonly ended: Promise<WardenEnd>;
}

export interface WardenEnd {
  /** False where the warden was killed or has failed. */
  readonly orderly: boolean;
  /** What it wrote to stderr, for the message. */
  readonly said: string;
}

/** A warden that we have started ourselves. */
export class WardenProcess implements OwnedWarden {
  readonly client: WardenClient;
  readonly pid: number;
  readonly ended: Promise<WardenEnd>;
  /** Ends the connection, as our own end would. */
  readonly disconnect: () => void;

  /** @throws Error with what the warden said where it cannot start. */
  static async start(options: WardenProcessOptions): Promise<WardenProcess> {
    const {
      script,
      client,
      workspace,
      window = '',
      logFolder,
      lendStdio = false,
      limits = {},
      metricsPort = 0,
      keepHistory = false,
      env = process.env,
    } = options;
    const lent: StdioOptions = lendStdio ? [0, 1, 2] : [];
    const limitArgs = [
      ...(limits.maxTrees === undefined ? [] : ['--max-trees', String(limits.maxTrees)]),
      ...(limits.maxProcesses === undefined ? [] : ['--max-processes', String(limits.maxProcesses)]),
      ...(limits.timeLimit === undefined ? [] : ['--time-limit', limits.timeLimit]),
    ];
    const child = spawn(execPath, [...serveArguments(script, { workspace, window, logFolder, metricsPort, keepHistory }), ...limitArgs], {
      // In a session of its own: a Ctrl-C at our terminal is ours to pass on, and a kill of our group must not reach it.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe', ...lent],
      env: asNode(env),
    });
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(-4000);
    });
    const exited = exitOf(child);
    const { stdin, stdout } = child;
    if (!stdin || !stdout || child.pid === undefined) throw new Error(`The warden could not be started: ${(await exited).problem}`);
    stdin.on('error', () => undefined);
    const connection = createMessageConnection(new StreamMessageReader(stdout), new StreamMessageWriter(stdin));
    const failed = exited.then(({ problem }): never => {
      throw new Error(`The warden could not be started: ${said.trim() || problem}`);
    });
    const greeted = await Promise.race([WardenClient.greet(connection, client), failed]);
    return new WardenProcess(
      child.pid,
      greeted,
      () => child.stdin?.destroy(),
      exited.then(async ({ code }) => {
        if (code !== 0) await reapAfter(script, greeted.welcome.folder, env);
        return { orderly: code === 0, said };
      }),
    );
  }

  private constructor(pid: number, client: WardenClient, disconnect: () => void, ended: Promise<WardenEnd>) {
    this.pid = pid;
    this.disconnect = disconnect;
    this.client = client;
    this.ended = ended;
  }
}

/** Kills what every dead warden of this user left; resolves with what the sweep printed, as JSON. */
export function runSweep(script: string): Promise<string> {
  return runScript(script, ['sweep'], process.env);
}

/** What this machine offers. */
export async function runDoctor(script: string): Promise<Diagnosis> {
  return JSON.parse(await runScript(script, ['doctor'], process.env)) as Diagnosis;
}

/** Who listens on this port, of all processes of this user. */
export async function findPortHolders(script: string, port: number): Promise<readonly PortHolder[]> {
  return JSON.parse(await runScript(script, ['holders', String(port)], process.env)) as PortHolder[];
}

/** Ends this very process, gently first. @throws Error where that cannot be done. */
export async function endHolder(script: string, { pid, startTime }: PortHolder): Promise<void> {
  await runScript(script, ['end', String(pid), String(startTime)], process.env);
}

/** The switch does the same at the same time; whoever comes second finds nobody. */
export async function reapAfter(script: string, folder: string, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  await runScript(script, ['reap', folder], env).catch(() => undefined);
}

async function runScript(script: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(execPath, [script, ...args], { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: asNode(env) });
  let printed = '';
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const { code, problem } = await exitOf(child);
  if (code !== 0) throw new Error(said.trim() || problem);
  return printed;
}

/** In VS Code, `execPath` is an Electron that behaves as Node where it is asked to. */
export function asNode(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, ELECTRON_RUN_AS_NODE: '1' };
}

function exitOf(child: ChildProcess): Promise<{ readonly code: number | null; readonly problem: string }> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 1, problem: error.message }));
    child.once('close', (code, signal) => resolve({ code, problem: signal ? `it was ended by ${signal}` : `it ended with code ${code}` }));
  });
}
