/** A process could not listen on its port: who holds that, and its end, where the user wants it. */
import * as vscode from 'vscode';
import type { WardenClient } from '../../client/wardenClient.ts';
import { endHolder, findPortHolders } from '../../client/wardenCommands.ts';
import type { WardenOrigin } from '../../client/wardenRegistry.ts';
import { fixedPorts } from '../../config/fixedPorts.ts';
import { errorText } from '../../protocol/errors.ts';
import { instanceOf } from '../../protocol/names.ts';
import { portInUse } from '../../protocol/portInUse.ts';
import { listensOn } from '../../protocol/ports.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { isLive, labelOf } from '../../protocol/trees.ts';
import type { Processes } from '../processes.ts';
import { tellError, tellWarning, withNotification } from '../tell.ts';
import type { WardenLink } from '../wardenLink.ts';

export interface ConflictParts {
  readonly link: WardenLink;
  readonly processes: Processes;
  /** The warden's program. */
  readonly wardenScript: string;
  readonly log: vscode.LogOutputChannel;
}

/** What holds a port. */
interface Holder {
  /** As a part of a sentence. */
  readonly name: string;
  /** Absent where it must not be ended. */
  readonly end?: () => Promise<void>;
}

/** Only a start that fails this soon is taken for one, in milliseconds: what has run for long had its port. */
const startMillis = 120_000;
/** The end of an output that is kept, in characters. */
const keptOutput = 65_536;

/** Says who holds the port of a process, where its output says that one is in use. */
export async function settleConflict(parts: ConflictParts, tree: TreeSnapshot): Promise<void> {
  const port = await conflictingPort(parts, tree);
  if (port === undefined) return;
  const holders = await holdersOf(parts, tree, port);
  const name = labelOf(tree);
  if (holders.length === 0) {
    void tellWarning(vscode.l10n.t('“{0}” could not listen on port {1}. It was in use, and no process of yours holds it now.', name, port));
    return;
  }
  const again = vscode.l10n.t('Kill Holder and Start Again');
  const message = vscode.l10n.t(
    '“{0}” could not listen on port {1}. It is held by {2}.',
    name,
    port,
    holders.map((holder) => holder.name).join(', '),
  );
  const ends = holders.flatMap(({ end }) => end ?? []);
  const isPossible = ends.length === holders.length;
  if ((await tellWarning(message, ...(isPossible ? [again] : []))) !== again) return;
  try {
    const ending = Promise.all(ends.map((end) => end()));
    await withNotification(vscode.l10n.t('Freeing port {0}…', port), ending);
    await ending;
    await startAgain(parts.processes, tree.name);
  } catch (error) {
    void tellError(errorText(error));
  }
}

/** Undefined where its output says nothing of the kind, or does not say of which port and its declaration does not either. */
async function conflictingPort({ link, processes }: ConflictParts, tree: TreeSnapshot): Promise<number | undefined> {
  if ((tree.endedAt ?? Date.now()) - tree.startedAt > startMillis) return undefined;
  const found = portInUse(tree.lastLines?.join('\n') ?? '');
  const whole = found?.port === undefined ? (portInUse(await outputOf(link, tree)) ?? found) : found;
  if (whole === undefined || whole.port !== undefined) return whole?.port;
  const declared = processes.find(tree.name)?.declared;
  const [only, ...others] = declared === undefined ? [] : fixedPorts(declared.spec);
  return others.length === 0 ? only : undefined;
}

async function outputOf(link: WardenLink, { id }: TreeSnapshot): Promise<string> {
  const client = await link.clientOf(id);
  let kept = '';
  // A process that goes on is not held up for this.
  for await (const { data } of client.output({ tree: id, from: 0, whenBehind: 'skip', follow: false }))
    kept = (kept + data.toString()).slice(-keptOutput);
  return kept;
}

/** A tree that runs, and the warden that has it. */
interface GuardedTree {
  readonly client: WardenClient;
  readonly origin: WardenOrigin;
  readonly tree: TreeSnapshot;
}

async function holdersOf(parts: ConflictParts, tree: TreeSnapshot, port: number): Promise<readonly Holder[]> {
  const others = (await guardedTrees(parts)).filter((other) => other.tree.id !== tree.id);
  const listening = others.filter((other) => listensOn(other.tree.members, port));
  if (listening.length > 0) return listening.map((other) => guardedHolder(other, tree, port));
  const found = await findPortHolders(parts.wardenScript, port);
  // Its warden may not have looked at its ports since it began to listen.
  const ownerOf = (pid: number): GuardedTree | undefined => others.find((other) => other.tree.members.some((member) => member.pid === pid));
  const owners = new Set(found.flatMap(({ pid }) => ownerOf(pid) ?? []));
  return [
    ...Array.from(owners, (other) => guardedHolder(other, tree, port)),
    ...found
      .filter(({ pid }) => ownerOf(pid) === undefined)
      .map((holder) => ({
        name: vscode.l10n.t('{0} (pid {1})', holder.name, holder.pid),
        ...(holder.protected !== true && { end: () => endHolder(parts.wardenScript, holder) }),
      })),
  ];
}

/** What runs in this window and in others. */
async function guardedTrees({ link }: ConflictParts): Promise<readonly GuardedTree[]> {
  const registry = await link.openRegistry();
  const { wardens } = await registry.connect();
  const lists = await Promise.all(
    wardens.map(async ({ client, origin }) => (await client.list().catch(() => [])).map((tree) => ({ client, origin, tree }))),
  );
  return lists.flat().filter(({ tree }) => isLive(tree));
}

/** What holds the port of another instance of the same name is its own pool. */
function guardedHolder({ client, origin, tree: other }: GuardedTree, tree: TreeSnapshot, port: number): Holder {
  const name = whoseTree(origin, labelOf(other), client.welcome.workspace);
  const isOfSamePool = origin === 'window' && instanceOf(other.name).spec === instanceOf(tree.name).spec;
  const reason = vscode.l10n.t('stopped to free port {0}', port);
  return {
    name,
    ...(!isOfSamePool && {
      end: async () => {
        const stopped = await client.stop({ tree: other.id, now: false, reason });
        if (isLive(stopped)) throw new Error(vscode.l10n.t('“{0}” could not be stopped: {1}', labelOf(other), stopped.reason));
      },
    }),
  };
}

function whoseTree(origin: WardenOrigin, name: string, workspace: string): string {
  switch (origin) {
    case 'sameFolder':
      return vscode.l10n.t('“{0}” of another window of this folder', name);
    case 'otherWindow':
      return vscode.l10n.t('“{0}” of another window ({1})', name, workspace);
    case 'terminal':
      return vscode.l10n.t('“{0}” of a command line', name);
    default:
      return vscode.l10n.t('“{0}” of this window', name);
  }
}

/** The newest declaration; what goes on without its port is stopped first. */
async function startAgain(processes: Processes, name: string): Promise<void> {
  const process = processes.find(name);
  if (process === undefined) throw new Error(vscode.l10n.t('“{0}” no longer exists.', name));
  await processes.restart(process);
}
