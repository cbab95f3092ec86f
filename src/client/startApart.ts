import { spawn } from 'node:child_process';
import { execPath } from 'node:process';
import { wardenEnvironment } from '../protocol/environment.ts';
import { readGuardianVariables } from '../protocol/guardianVariables.ts';
import { type ServeOptions, serveArguments } from '../protocol/serveCommand.ts';
import { stateLogFolder } from '../records/logFolder.ts';

/**
 * Starts a warden that no client owns, and that outlives this process. `onEnded`: it has ended, or could not be started.
 * @throws Error where a variable of its environment cannot be used: the warden would say the same, but to no client.
 */
export function startApart(script: string, options: Omit<ServeOptions, 'logFolder'>, env: NodeJS.ProcessEnv, onEnded: () => void): void {
  readGuardianVariables(env);
  const args = serveArguments(script, { ...options, logFolder: stateLogFolder() });
  const child = spawn(execPath, args, { detached: true, stdio: 'ignore', cwd: '/', env: wardenEnvironment(env) });
  child.once('error', onEnded);
  child.once('exit', onEnded);
  child.unref();
}
