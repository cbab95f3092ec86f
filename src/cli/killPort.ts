import { createInterface } from 'node:readline/promises';
import { endHolder, findPortHolders } from '../client/wardenProcess.ts';
import type { PortHolder } from '../protocol/messages.ts';
import { listensOn, parsePort } from '../protocol/ports.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { reportStops } from './reports.ts';
import { Wardens, wardenScript } from './wardens.ts';

export interface KillPortOptions {
  readonly now?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Stops the tree that listens on this port, or, after a question, any other process of this user that does. */
export async function killPort(text: string, { now = false, yes = false, json = false }: KillPortOptions): Promise<number> {
  const port = parsePort(text);
  if (port === undefined) throw new CliError(`--port wants a number from 1 to 65535, not '${text}'.`, exitCodes.usage);
  using wardens = await Wardens.connect('tree-warden kill');
  const trees = (await wardens.trees()).filter(({ tree }) => listensOn(tree.members, port));
  if (trees.length > 0) {
    const reason = `stopped by tree-warden kill --port ${port}`;
    return reportStops(await Promise.all(trees.map(({ warden, tree }) => warden.stop({ tree: tree.id, now, reason }))), json);
  }
  const holders = await findPortHolders(wardenScript, port);
  if (holders.length === 0) throw new CliError(`Nothing of this user listens on port ${port}.`);
  if (!yes && !(await ask(`${question(holders, port)} [y/N] `))) return exitCodes.failed;
  await Promise.all(holders.map((holder) => endHolder(wardenScript, holder)));
  if (json) process.stdout.write(`${JSON.stringify(holders, null, 2)}\n`);
  else for (const { name, pid } of holders) process.stdout.write(`${name} (pid ${pid}): ended\n`);
  return exitCodes.ok;
}

function question(holders: readonly PortHolder[], port: number): string {
  const lines = holders.map(({ pid, commandLine }) => `  ${pid}  ${commandLine}\n`).join('');
  return `This listens on port ${port}:\n${lines}End ${holders.length === 1 ? 'it' : 'them'}?`;
}

/** The end of the input is a no. */
async function ask(text: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new CliError('It is not guarded by a warden, so this has to be asked; say --yes where nobody can answer.', exitCodes.usage);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  const answer = await Promise.race([terminal.question(text), ended]);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}
