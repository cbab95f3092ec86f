/** The commands of `dist/warden.js` that end by themselves, each in a process of its own. */
import { spawn } from 'node:child_process';
import { execPath } from 'node:process';
import { wardenEnvironment } from '../protocol/environment.ts';
import type { Diagnosis } from '../protocol/inspection.ts';
import type { PortHolder } from '../protocol/listeningPorts.ts';
import { maxPrograms, type Program } from '../protocol/programs.ts';
import { exitOf } from './childExit.ts';

/** How long a command may take to show its first sign of life, in milliseconds, at each of the attempts. */
const startMillis = [10_000, 20_000, 40_000];

/** Kills what every dead warden of this user left; resolves with what the sweep printed, as JSON. */
export function runSweep(script: string): Promise<string> {
  return runScript(script, ['sweep'], process.env);
}

/** What this machine offers. */
export async function runDoctor(script: string): Promise<Diagnosis> {
  return JSON.parse(await runScript(script, ['doctor'], process.env)) as Diagnosis;
}

/** Processes of this user that listen on this port. */
export async function findPortHolders(script: string, port: number): Promise<readonly PortHolder[]> {
  return JSON.parse(await runScript(script, ['holders', String(port)], process.env)) as PortHolder[];
}

/** What these processes run; those that have ended are left out. */
export async function describePrograms(script: string, pids: readonly number[]): Promise<readonly Program[]> {
  if (pids.length === 0) return [];
  return JSON.parse(await runScript(script, ['programs', ...pids.slice(0, maxPrograms).map(String)], process.env)) as Program[];
}

/** Ends this very process, gently first. @throws Error where that cannot be done. */
export async function endHolder(script: string, { pid, startTime }: PortHolder): Promise<void> {
  await runScript(script, ['end', String(pid), String(startTime)], process.env);
}

/** The switch does the same at the same time; the second one finds no process left. */
export async function reapAfter(script: string, folder: string, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  await runScript(script, ['reap', folder], env).catch(() => undefined);
}

/**
 * Where the user has no more processes (RLIMIT_NPROC), Node can wait for ever for a thread that could not be created, before it runs anything. A
 * command that shows no sign of life in time is killed, and tried again.
 *
 * @throws Error with what the command wrote to stderr where it failed.
 */
export async function runScript(script: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  for (const millis of startMillis) {
    const printed = await tryScript(script, args, env, millis);
    if (printed !== undefined) return printed;
  }
  const seconds = startMillis.reduce((sum, millis) => sum + millis, 0) / 1000;
  throw new Error(`'${args.join(' ')}' could not be run: its process has not started in ${seconds} s. Are there too many processes?`);
}

/** Undefined where the command did not start in time. */
async function tryScript(script: string, args: readonly string[], env: NodeJS.ProcessEnv, millis: number): Promise<string | undefined> {
  const child = spawn(execPath, [script, ...args], { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: wardenEnvironment(env) });
  let printed = '';
  let stderrTail = '';
  let isLate = false;
  const deadline = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, millis);
  child.stdout.on('data', (chunk: Buffer) => {
    clearTimeout(deadline);
    printed += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderrTail += chunk;
  });
  const { code, problem } = await exitOf(child);
  clearTimeout(deadline);
  if (isLate) return undefined;
  if (code !== 0) throw new Error(stderrTail.trim() || problem);
  return printed;
}
