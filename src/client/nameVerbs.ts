/** Verbs for trees that were found: by their name where their warden knows what is declared of it, else tree by tree. */
import type { NameAnswer, NameFailure, NameStatus } from '../protocol/declare.ts';
import { errorText } from '../protocol/errors.ts';
import type { TreeId } from '../protocol/identity.ts';
import { instanceOf } from '../protocol/names.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { labelOf } from '../protocol/trees.ts';
import type { WardenClient } from './wardenClient.ts';
import { WardenGoneError } from './wardenGone.ts';

/** A tree, and the warden that it belongs to. */
export interface WardenTree {
  readonly client: WardenClient;
  readonly tree: TreeSnapshot;
}

/** Where a verb goes to: a name, with all trees that were found of it, or one tree whose warden has no declaration for it. */
export interface VerbTarget extends WardenTree {
  readonly name: string | undefined;
}

/** One target for each name, in the order in which their trees were found. */
export async function targetsOf(found: readonly WardenTree[]): Promise<readonly VerbTarget[]> {
  const clients = [...new Set(found.map(({ client }) => client))];
  // A warden of another version knows no names.
  const statuses = await Promise.all(clients.map((client) => client.names.list().catch((): readonly NameStatus[] => [])));
  const targets = new Map<string, VerbTarget>();
  for (const { client, tree } of found) {
    const index = clients.indexOf(client);
    const ids = new Set(found.filter((other) => other.client === client).map((other) => other.tree.id));
    const name = nameFor(tree, ids, statuses[index] ?? []);
    targets.set(`${index} ${name ?? tree.id}`, { client, tree, name });
  }
  return [...targets.values()];
}

/** The name as a whole where all that runs of it was found; else of the one instance. */
function nameFor(tree: TreeSnapshot, found: ReadonlySet<TreeId>, names: readonly NameStatus[]): string | undefined {
  const { spec, instance } = instanceOf(tree.name);
  const status = names.find(({ name }) => name === spec);
  if (!status?.running.some((one) => one.tree === tree.id)) return undefined;
  const isWhole = status.running.every((one) => found.has(one.tree)) && (status.running.length > 1 || status.instances === 1);
  return isWhole ? spec : `${spec}#${instance}`;
}

/** What has come of a verb for all targets: one that fails leaves the others alone. */
export async function mergedAnswer(targets: readonly VerbTarget[], act: (target: VerbTarget) => Promise<NameAnswer>): Promise<NameAnswer> {
  const settled = await Promise.allSettled(targets.map(act));
  const trees = settled.flatMap((one) => (one.status === 'fulfilled' ? one.value.trees : []));
  const failures = settled.flatMap((one, index): readonly NameFailure[] => {
    if (one.status === 'fulfilled') return one.value.failures;
    const { name, tree } = targets[index] ?? {};
    return [
      {
        name: name ?? (tree ? labelOf(tree) : ''),
        message: failureText(one.reason),
        code: Number((one.reason as { code?: unknown }).code ?? 0),
      },
    ];
  });
  return { trees, failures };
}

/** As a sentence. */
export function failureText(error: unknown): string {
  return error instanceof WardenGoneError ? 'its warden has ended before it answered.' : errorText(error);
}

/** `api#2: …`, one sentence for each instance that failed. */
export function failureSentences({ failures }: NameAnswer): string[] {
  return failures.map(({ name, message }) => `${name}: ${message}`);
}

/** Resolves when the tree is ready, or has failed; rejects where its warden goes first. Has the client watch at transitions only. */
export async function untilSettled(client: WardenClient, id: TreeId): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const look = (trees: readonly TreeSnapshot[]): void => {
      if (trees.some((tree) => tree.id === id && tree.state === 'starting')) return;
      for (const subscription of subscriptions) subscription.dispose();
      resolve();
    };
    const subscriptions = [client.onTrees(look), client.onClose(() => reject(new WardenGoneError()))];
    client.watch(0).then(look, reject);
  });
}
