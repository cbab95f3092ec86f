/**
 * Finds processes that belong to no window any more, and ends them: a program of its own, which ends by itself. What it prints is JSON.
 *
 *   leftBehind.js find [--port N]… FOLDER…                        what runs in these folders, and in the worktrees of their repositories
 *   leftBehind.js end [--port N]… --process PID:START… FOLDER…    ends those of them that are still left behind
 */
import { parseArgs } from 'node:util';
import { selectPlatform } from '../platform/select.ts';
import { keepDebuggerClosed } from '../protocol/debuggerSignal.ts';
import { errorText } from '../protocol/errors.ts';
import type { EndedLeftBehind } from '../protocol/leftBehind.ts';
import { parsePort } from '../protocol/ports.ts';
import { type Look, look } from './look.ts';
import { identityKey } from './processRow.ts';

/** Maximum number of folders, ports and processes, each. */
const maxValues = 1000;

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { port: { type: 'string', multiple: true, default: [] }, process: { type: 'string', multiple: true, default: [] } },
  });
  const [command, ...folders] = positionals;
  const { port: ports, process: processes } = values;
  if ([folders, ports, processes].some(({ length }) => length > maxValues)) throw new Error(`at most ${maxValues} of each are taken`);
  // The sign of life that `src/client/wardenCommands.ts` waits for; JSON may begin with it.
  process.stdout.write('\n');
  // Only a signal takes native calls, and their library takes as long to load as the search.
  const platform = await selectPlatform(command === 'find' ? { ...process.env, TREE_WARDEN_NATIVE: 'off' } : process.env);
  const request = { folders, wantedPorts: ports.map(portFrom) };
  const seen = await look(platform, request);
  if (command === 'find') process.stdout.write(`${JSON.stringify(seen.report)}\n`);
  else if (command === 'end') process.stdout.write(`${JSON.stringify(await Promise.all(processes.map((wanted) => end(wanted, seen))))}\n`);
  else throw new Error(`'${positionals.join(' ')}' is not a command of this program`);

  async function end(wanted: string, { found }: Look): Promise<EndedLeftBehind> {
    const one = found.find(({ root }) => identityKey(root) === wanted);
    if (one === undefined) return { process: wanted, problem: 'it has ended, or belongs to a window again' };
    try {
      const { endTree } = await import('./endTree.ts');
      await endTree(platform, one.root.stat, one.members);
      return { process: wanted };
    } catch (error) {
      return { process: wanted, problem: errorText(error) };
    }
  }
}

function portFrom(text: string): number {
  const port = parsePort(text);
  if (port === undefined) throw new Error(`--port wants a number from 1 to 65535, not '${text}'`);
  return port;
}

keepDebuggerClosed();
main().catch((error: unknown) => {
  process.stderr.write(`${errorText(error)}\n`);
  process.exit(1);
});
