import type { WardenClient } from '../client/wardenClient.ts';
import { declarationOf } from '../config/declarations.ts';
import type { ProcessSpec } from '../config/processSchema.ts';
import type { GivenValues } from '../protocol/startVariables.ts';
import { isLive, labelOf } from '../protocol/trees.ts';
import { lastRunAt } from '../records/runFiles.ts';
import type { Declared } from './declared.ts';
import { detachedWarden, ownEnvironment } from './detached.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import type { StartQuestions } from './questions/startQuestions.ts';
import { complain } from './say.ts';

/** They live on when this command has ended; what runs already is left as it is. */
export async function startDetached(
  names: readonly string[],
  { path, folder, context, all }: Omit<Declared<ProcessSpec>, 'wanted'>,
  questions: StartQuestions,
): Promise<void> {
  // All of the file: what is declared of it for this warden takes the place of what was declared before.
  const detached = all.filter(([, { lifetime }]) => lifetime === 'detached');
  const processes = await Promise.all(detached.map(([name, spec]) => declarationOf(name, spec, context)));
  const client = await detachedWarden(folder);
  try {
    const statuses = await client.names.declare({ origin: path, processes });
    const running = new Set(statuses.flatMap(({ name, desired, schedule }) => (desired.length > 0 || schedule?.isArmed ? name : [])));
    const values = await questions.valuesFor(processes.filter(({ name }) => names.includes(name) && !running.has(name)));
    for (const name of names) {
      const catchesUp = all.some(([one, { schedule }]) => one === name && schedule?.catchUp);
      await startOneDetached(client, name, values, catchesUp ? lastRunAt({ origin: path, name }) : undefined);
    }
  } finally {
    client.dispose();
  }
}

async function startOneDetached(client: WardenClient, name: string, values: GivenValues, last: number | undefined): Promise<void> {
  const { trees, failures, armed } = await client.names.start({
    ...{ name, env: ownEnvironment(), schedule: 'arm', values },
    ...(last !== undefined && { lastRunAt: last }),
  });
  if (armed) complain(`${name} waits for the times of its schedule, detached; tree-warden down ${name} ends that.`);
  const [failed] = failures;
  if (failed) throw new CliError(failed.message, exitCodes.failed);
  const running = (await client.list()).filter((tree) => (tree.pool ?? tree.name) === name && isLive(tree));
  for (const tree of running) {
    const isNew = trees.some(({ id }) => id === tree.id);
    const pid = tree.leader?.pid ?? 'unknown';
    const label = labelOf(tree);
    complain(`${label} ${isNew ? 'was started' : 'is running already'}, detached (pid ${pid}); tree-warden kill ${label} ends it.`);
  }
}
