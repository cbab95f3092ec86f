/** Many `tree-warden run` side by side, each with a warden of its own that comes and goes while the others start. */
import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cli, eventually, exitOf, type Run } from './run.ts';

/** Of a start that did not go as it should: its exit status, and what it wrote to stderr. */
export interface FailedStart {
  readonly number: number;
  readonly ran: boolean;
  readonly status: string;
  readonly stderr: string;
}

const sigtermStatus = 128 + 15;

/** Starts `total` commands, `atOnce` of them side by side, ends each with SIGTERM once it runs, and answers with what went wrong. */
export async function startSideBySide(run: Run, total: number, atOnce: number): Promise<FailedStart[]> {
  const failures: FailedStart[] = [];
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < total) failures.push(...(await startOne(run, next++)));
  };
  await Promise.all(Array.from({ length: atOnce }, loop));
  return failures;
}

async function startOne(run: Run, number: number): Promise<FailedStart[]> {
  const started = join(run.workFolder, `started-${number}`);
  const args = [cli, 'run', '--', 'sh', '-c', `touch ${started}; exec sleep 30`];
  const child = spawn(process.execPath, args, { cwd: run.workFolder, env: run.env, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const exited = exitOf(child);
  await eventually(
    `start ${number} runs, or ends`,
    () => existsSync(started) || child.exitCode !== null || child.signalCode !== null,
    60_000,
  );
  const ran = existsSync(started);
  child.kill('SIGTERM');
  await exited;
  rmSync(started, { force: true });
  const status = child.signalCode ?? String(child.exitCode);
  return ran && status === String(sigtermStatus) && stderr === '' ? [] : [{ number, ran, status, stderr }];
}
