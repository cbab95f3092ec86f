import { execFileSync } from 'node:child_process';

/** @throws Error with what npm said. */
export function npm(cwd: string, ...args: readonly string[]): void {
  try {
    execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    throw new Error(`npm ${args.join(' ')} failed in ${cwd}:\n${stderr?.toString() ?? String(error)}`);
  }
}
