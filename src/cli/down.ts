import { endNames, namesInEndOrder } from '../client/endNames.ts';
import { isOfWindow } from '../client/otherWardens.ts';
import type { WardenClient } from '../client/wardenClient.ts';
import { WardenRegistry } from '../client/wardenRegistry.ts';
import type { ProcessSpec } from '../config/processSchema.ts';
import type { NameAnswer, NameStatus } from '../protocol/declare.ts';
import { errorText } from '../protocol/errors.ts';
import { jobOf } from '../protocol/jobs.ts';
import { normalName } from '../protocol/names.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { asReason, localizable } from '../protocol/texts.ts';
import { isLive, labelOf } from '../protocol/trees.ts';
import { declaredHere } from './declared.ts';
import { windowKeyOf } from './detached.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { reportStops } from './reports.ts';
import { complain, sayAll } from './say.ts';
import { cancelledText, waitingJobsOf } from './waitingJobs.ts';
import { leftOut } from './wardens.ts';

export interface DownOptions {
  /** Without grace. */
  readonly now?: boolean;
  readonly json?: boolean;
}

/** Ends what processes.json declares and runs in the background of this folder, all of it or the named ones. Resolves when nothing of it is left. */
export async function down(written: readonly string[], { now = false, json = false }: DownOptions): Promise<number> {
  const { folder, specs } = declaredHere();
  using registry = new WardenRegistry('tree-warden down');
  const { wardens, unreachable, unreadable } = await registry.connect(isOfWindow(windowKeyOf(folder), 'detached'));
  for (const { pid, error } of unreachable) complain(`the warden of the detached processes (pid ${pid}) was left out: ${errorText(error)}`);
  for (const sentence of leftOut({ unreachable: [], unreadable })) complain(sentence);
  const found = await Promise.all(wardens.map(({ client }) => backgroundOf(client, specs)));
  const isMeant = meant(written.map(normalName), found, specs);
  const ended = await Promise.all(found.map((background) => endIn(background, isMeant, now)));
  const trees = ended.flatMap((one) => one.trees);
  const failures = ended.flatMap((one) => one.failures);
  const calledOff = ended.flatMap((one) => one.calledOff);
  for (const { name, message } of failures) complain(`${name}: ${message}`);
  const cancelled = ended.flatMap((one) => one.cancelled);
  if (!json) sayAll([...calledOff.map((name) => `${name}: no longer waits to be started`), ...cancelled]);
  const isComplete = failures.length + unreachable.length + unreadable.length === 0;
  if (!json && isComplete && trees.length + calledOff.length + cancelled.length === 0)
    sayAll([
      written.length === 0 ? 'Nothing runs in the background of this folder.' : 'Nothing of it runs in the background of this folder.',
    ]);
  const status = reportStops(trees, json);
  return isComplete ? status : exitCodes.failed;
}

/** What is declared and runs, or is to run, under one warden. */
interface Background {
  readonly client: WardenClient;
  readonly statuses: readonly NameStatus[];
  /** Of names that are declared, and of which the warden knows no declaration: it has found them again after a crash. */
  readonly adopted: readonly TreeSnapshot[];
}

async function backgroundOf(client: WardenClient, specs: ReadonlyMap<string, ProcessSpec> | undefined): Promise<Background> {
  const { version, pid } = client.welcome;
  if (client.hasOnlyCore) {
    complain(`the warden of version ${version} (pid ${pid}) knows no names: tree-warden kill ends its processes.`);
    return { client, statuses: [], adopted: [] };
  }
  const statuses = await client.names.list();
  const isKnown = (name: string): boolean => statuses.some((one) => one.name === name);
  const adopted = (await client.list()).filter((tree) => isLive(tree) && !isKnown(nameOf(tree)) && specs?.has(nameOf(tree)) === true);
  return { client, statuses, adopted };
}

function nameOf({ pool, name }: TreeSnapshot): string {
  return pool ?? jobOf(name)?.pool ?? name;
}

/** @throws CliError where a name is neither declared nor known to a warden. */
function meant(
  names: readonly string[],
  found: readonly Background[],
  specs: ReadonlyMap<string, ProcessSpec> | undefined,
): (name: string) => boolean {
  if (names.length === 0) return () => true;
  const known = new Set([...(specs?.keys() ?? []), ...found.flatMap(({ statuses }) => statuses.map(({ name }) => name))]);
  const missing = names.filter((name) => !known.has(name));
  // Where the file cannot be read, it is not known what it declares.
  if (specs && missing.length > 0) {
    const quoted = missing.map((name) => `'${name}'`).join(', ');
    throw new CliError(`No process ${quoted} is declared; there are ${[...known].join(', ') || 'none'}.`, exitCodes.usage);
  }
  return (name) => names.includes(name);
}

async function endIn(
  { client, statuses, adopted }: Background,
  isMeant: (name: string) => boolean,
  now: boolean,
): Promise<NameAnswer & { readonly calledOff: readonly string[]; readonly cancelled: readonly string[] }> {
  const options = { now, ...asReason(localizable('stoppedBy', 'tree-warden down')) };
  const active = statuses.filter(
    (one) => isMeant(one.name) && (one.desired.length + one.running.length + waitingJobsOf(one) > 0 || one.schedule?.isArmed === true),
  );
  const names = active.map(({ name }) => name);
  const calledOff = active
    .filter(({ running, waitsFor, schedule }) => running.length === 0 && (waitsFor || schedule?.isArmed))
    .map(({ name }) => name);
  const cancelled = active.flatMap((one) => (waitingJobsOf(one) > 0 ? `${one.name}: ${cancelledText(waitingJobsOf(one))}` : []));
  const { trees, failures } = await endNames(client, names, options);
  const found = adopted.filter((tree) => isMeant(nameOf(tree)));
  const stopped = await Promise.allSettled(found.map(({ id }) => client.stop({ tree: id, ...options })));
  const ended = [...trees, ...stopped.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))];
  const refused = stopped.flatMap((one, index) => {
    const tree = found[index];
    return one.status === 'rejected' && tree ? [{ name: labelOf(tree), message: errorText(one.reason), code: 0 }] : [];
  });
  // An answer says what was ended; this looks whether anything is left.
  const left = (await client.list()).filter(
    (tree) => isLive(tree) && isMeant(nameOf(tree)) && ended.some(({ name }) => name === tree.name),
  );
  const isNew = (tree: TreeSnapshot): boolean => !ended.some(({ id }) => id === tree.id);
  const started = left.filter(isNew).map((tree) => ({ name: labelOf(tree), message: 'it was started again meanwhile.', code: 0 }));
  const order = namesInEndOrder(names, statuses);
  const place = (tree: TreeSnapshot): number => order.indexOf(nameOf(tree));
  return { trees: ended.toSorted((a, b) => place(a) - place(b)), failures: [...failures, ...refused, ...started], calledOff, cancelled };
}
