/** Rows of what the editor and other extensions have started. Independent of the editor and of the clock. */
import type { External, ExternalKind } from '../../protocol/external.ts';
import { formatPorts, tcpPorts } from '../../protocol/ports.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { hasWords } from './filterWords.ts';
import { groupContext } from './groupContext.ts';
import type { Row, Shown } from './row.ts';
import { memberRows } from './rows.ts';

/** The groups in their order, and the icons of their rows. */
const kinds: Readonly<Record<ExternalKind, { readonly icon: string }>> = {
  terminal: { icon: 'terminal' },
  task: { icon: 'tools' },
  debug: { icon: 'bug' },
  extension: { icon: 'extensions' },
};

export type GroupNames = Readonly<Record<ExternalKind, string>>;

type ExternalTree = TreeSnapshot & { readonly external: External };

/** One group a kind; none where there is nothing of it. */
export function externalRows(trees: readonly TreeSnapshot[], filter: string, shown: Shown, names: GroupNames): Row[] {
  const external = trees.flatMap((tree) => (tree.external ? [{ ...tree, external: tree.external }] : []));
  return (Object.keys(kinds) as ExternalKind[]).flatMap((kind) => {
    const own = inTheirPlaces(external.filter((tree) => tree.external.kind === kind)).filter((tree) => isShown(tree, filter));
    if (own.length === 0) return [];
    const children = own.map((tree) => externalRow(tree, shown));
    const live = own.filter(({ endedAt }) => endedAt === undefined).length;
    const description = live > 0 ? `${live}/${own.length}` : '';
    return [
      {
        id: `external-group:${kind}`,
        kind: 'group',
        label: names[kind],
        description,
        icon: 'folder',
        context: groupContext(children),
        process: '',
        children,
        // Of every editor, there are some, and few ask for them.
        isClosed: kind === 'extension',
      } as const,
    ];
  });
}

/** The name by which a row's process is looked up. */
export function externalKey({ id }: Pick<TreeSnapshot, 'id'>): string {
  return `external:${id}`;
}

/** A task or a debug session that has ended keeps its place until one of its name takes it; a terminal that was closed is gone. */
function inTheirPlaces(trees: readonly ExternalTree[]): readonly ExternalTree[] {
  const isReplaced = (tree: ExternalTree, index: number): boolean => trees.slice(index + 1).some(({ name }) => name === tree.name);
  const keepsPlace = ({ external: { kind } }: ExternalTree): boolean => kind === 'task' || kind === 'debug';
  const present = trees.filter((tree, index) => tree.endedAt === undefined || (keepsPlace(tree) && !isReplaced(tree, index)));
  const placeOf = ({ name }: ExternalTree): number => trees.findIndex((other) => other.name === name);
  return present.toSorted((a, b) => placeOf(a) - placeOf(b));
}

function isShown(tree: ExternalTree, filter: string): boolean {
  return hasWords(filter, [
    tree.name,
    tree.commandLine,
    formatPorts(tree.members),
    ...tree.members.map(({ name, pid }) => `${name} ${pid}`),
  ]);
}

function externalRow(tree: ExternalTree, shown: Shown): Row {
  const { external, members } = tree;
  const id = externalKey(tree);
  const reachable = tcpPorts(members).length > 0 ? '.reachable' : '';
  const stage = tree.endedAt !== undefined ? 'ended' : external.left ? 'left' : 'live';
  return {
    id,
    kind: 'external',
    label: tree.name,
    description: describe(tree, shown.figures.text(id, tree)),
    ...look(tree),
    context: `external.${stage}.${external.guard}${reachable}`,
    process: id,
    children: memberRows(id, tree, shown),
  };
}

function look({ external, state, endedAt }: ExternalTree): { readonly icon: string; readonly colour?: string } {
  const { icon } = kinds[external.kind];
  if (state === 'unkillable') return { icon: 'warning', colour: 'charts.red' };
  if (endedAt !== undefined) return { icon: 'circle-outline' };
  if (state === 'stopping') return { icon: 'loading~spin', colour: 'charts.yellow' };
  if (external.left) return { icon: 'warning', colour: 'charts.yellow' };
  return external.guard === 'guarded' ? { icon: 'shield', colour: 'charts.green' } : { icon };
}

const held: Readonly<Record<External['hold'], string>> = {
  container: '',
  marks: ' by marks',
  descent: ' by descent',
};

function describe({ external, state, endedAt, reason, members, zombies, containment }: ExternalTree, used: string): string {
  if (endedAt !== undefined) return reason;
  const ports = formatPorts(members);
  const figures = ports === '' ? used : `${used}  ${ports}`;
  const left = members.length - zombies;
  // The state first: a narrow sidebar cuts off what comes last.
  if (external.left) return `ended, ${left} ${left === 1 ? 'process' : 'processes'} left  ${figures}`;
  if (state !== 'ready') return `${state}  ${figures}`;
  if (external.guard !== 'guarded') return figures;
  return `${figures}  guarded${external.hold === 'container' ? ` by ${containment}` : held[external.hold]}`;
}
