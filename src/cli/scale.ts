import { failureSentences } from '../client/nameVerbs.ts';
import { normalName } from '../protocol/names.ts';
import { maxInstances } from '../protocol/policies.ts';
import { asReason, localizable } from '../protocol/texts.ts';
import { isLive } from '../protocol/trees.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { report } from './reports.ts';
import { complain, say } from './say.ts';
import { namesOf, Wardens } from './wardens.ts';

/** Changes the number of instances of a declared process that runs: starts what is missing, and ends the surplus. */
export async function scale(written: string, count: string, { json = false }: { readonly json?: boolean }): Promise<number> {
  const instances = Number(count);
  if (!/^\d+$/.test(count) || instances < 1 || instances > maxInstances)
    throw new CliError(
      `The number of instances is from 1 to ${maxInstances}, not '${count}'. tree-warden kill stops all of them.`,
      exitCodes.usage,
    );
  const name = normalName(written);
  using wardens = await Wardens.connect('tree-warden scale');
  const found = await wardens.ofAll(async (warden) => {
    const statuses = await namesOf(warden);
    return statuses.flatMap((status) => (status.name === name && status.desired.length > 0 ? { warden, status } : []));
  });
  const [one, another] = found;
  if (another) {
    const choices = found.map(({ warden: { welcome } }) => `  ${welcome.workspace || 'command line'} (pid ${welcome.pid})`);
    throw new CliError(
      `'${name}' runs under ${found.length} wardens, and no id stands for a name as a whole; stop all but one:`,
      exitCodes.failed,
      choices,
    );
  }
  if (!one) throw new CliError(`No process '${name}' runs that a processes.json declares. Start it first: tree-warden up.`);
  const { trees, failures } = await one.warden.names.scale({ name, instances, ...asReason(localizable('scaledTo', instances)) });
  for (const sentence of failureSentences({ trees, failures })) complain(sentence);
  if (!json && trees.length + failures.length === 0)
    say(`${name}: ${instances === 1 ? '1 instance runs' : `${instances} instances run`} already`);
  else report(trees, json, (tree) => (isLive(tree) ? `started (pid ${tree.leader?.pid ?? 'unknown'})` : 'stopped'));
  const isStuck = trees.some(({ state }) => state === 'unkillable');
  return failures.length === 0 && !isStuck ? exitCodes.ok : exitCodes.failed;
}
