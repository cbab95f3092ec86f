import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { exitOf } from '../client/childExit.ts';
import { markVariable } from '../platform/platform.ts';
import { socketVariable } from '../protocol/runnerVariables.ts';
import { period } from '../protocol/timers.ts';
import type { CommandLine } from './runner.ts';

/** Of what a program says, in characters; no answer that is read here is near it. */
const maxAnswer = 2 ** 20;

export interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  /** The last line that it has complained with, or how it has ended. */
  readonly problem: string;
}

/** The environment of programs that may hand theirs on to a node, where it would stand for a tree of this machine. */
export function handedOn(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const { [markVariable]: _, [socketVariable]: __, ELECTRON_RUN_AS_NODE: ___, ...rest } = env;
  return rest;
}

export interface AskOptions {
  /** For its stdin. */
  readonly input?: string;
  /** After this time, or when `signal` is aborted, it is killed. */
  readonly timeoutMillis?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Runs a program to its end. Never rejects: one that could not be run, or was killed, has no code. */
export async function ask([program, ...args]: CommandLine, options: AskOptions = {}): Promise<Answer> {
  const { input = '', timeoutMillis = 60_000, signal } = options;
  const child = spawn(program, args, {
    env: handedOn(),
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: period(timeoutMillis),
    killSignal: 'SIGKILL',
    ...(signal && { signal }),
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout = (stdout + text).slice(0, maxAnswer);
  });
  const complaint = complaintIn(child.stderr);
  child.stdin.on('error', () => undefined).end(input);
  const { code, problem } = await exitOf(child);
  return { code, stdout, problem: complaint() || `${program}: ${problem}` };
}

/** Of what a program complains with, in characters: its last line is what is told. */
const maxComplaint = 4000;

/** What to call for the last line that was written to this stream so far; empty where there is none. */
export function complaintIn(stderr: Readable): () => string {
  let text = '';
  stderr.setEncoding('utf8').on('data', (more: string) => {
    text = (text + more).slice(-maxComplaint);
  });
  return () => text.trim().split('\n').at(-1)?.trim() ?? '';
}
