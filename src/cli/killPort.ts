import { endHolder, findPortHolders } from '../client/wardenCommands.ts';
import type { PortHolder } from '../protocol/listeningPorts.ts';
import { listensOn, parsePort } from '../protocol/ports.ts';
import { asReason, localizable } from '../protocol/texts.ts';
import { visible } from '../protocol/visible.ts';
import { confirm } from './confirm.ts';
import { onEachTree } from './eachTree.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { reportStops } from './reports.ts';
import { sayAll, sayJson } from './say.ts';
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
    const reason = asReason(localizable('stoppedBy', `tree-warden kill --port ${port}`));
    const { results, complete } = await onEachTree(trees, ({ warden, tree }) => warden.stop({ tree: tree.id, now, ...reason }));
    const status = reportStops(results, json);
    return complete ? status : exitCodes.failed;
  }
  const holders = await findPortHolders(wardenScript, port);
  if (holders.length === 0) throw new CliError(`No process of yours is listening on port ${port}.`);
  if (!yes && !process.stdin.isTTY) {
    const found = holders.map(({ name, pid }) => `${visible(name)} (pid ${pid})`).join(', ');
    throw new CliError(
      `Tree Warden did not start what listens on port ${port}: ${found}. No terminal can ask for a confirmation; use --yes to end it.`,
      exitCodes.usage,
    );
  }
  if (!yes && !(await confirm(question(holders, port)))) return exitCodes.failed;
  await Promise.all(holders.map((holder) => endHolder(wardenScript, holder)));
  if (json) sayJson(holders, 2);
  else sayAll(holders.map(({ name, pid }) => `${name} (pid ${pid}): ended`));
  return exitCodes.ok;
}

function question(holders: readonly PortHolder[], port: number): string {
  const lines = holders.map(({ pid, commandLine }) => `  ${pid}  ${visible(commandLine)}\n`).join('');
  return `This listens on port ${port}:\n${lines}End ${holders.length === 1 ? 'it' : 'them'}?`;
}
