/** The rows of what was found in the workspace without being declared. Independent of the editor and of the clock. */
import { hasWords } from './filterWords.ts';
import { groupContext } from './groupContext.ts';
import { failedLook, idOf, type Place, type Row, type RowSource, type Shown } from './row.ts';
import { processRow } from './rows.ts';

/** The source of a found process's row. */
export interface FoundSource {
  readonly name: string;
  /** As a person would type it. */
  readonly command: string;
  /** The file that it was found in. */
  readonly source: string;
  /** Why its last start has failed, as a sentence. */
  readonly failure?: string | undefined;
  /** Where it stands there. */
  readonly place?: Place;
}

export interface FoundSection {
  readonly label: string;
  readonly sources: readonly FoundSource[];
  /** Whether the group is open until the user says otherwise. */
  readonly isOpen: boolean;
}

/** Maximum number of rows of what does not run. */
const maxShown = 50;

/** Those whose name, command or file contain each word of the filter. */
export function filterFound(sources: readonly FoundSource[], filter: string): readonly FoundSource[] {
  return sources.filter(({ name, command, source }) => hasWords(filter, [name, command, source]));
}

/** What runs of it is taken from the other processes: it stays where it was started. */
export function withoutFound(sources: readonly RowSource[], found: readonly FoundSource[]): readonly RowSource[] {
  const names = new Set(found.map(({ name }) => name));
  return sources.filter(({ name, declared }) => declared || !names.has(name));
}

/** One group, or none where nothing was found. `processes`: among them what runs of it, or has run. */
export function foundRows({ label, sources, isOpen }: FoundSection, processes: readonly RowSource[], shown: Shown): Row[] {
  if (sources.length === 0) return [];
  const started = new Map(processes.flatMap((process) => (process.declared ? [] : [[process.name, process] as const])));
  let idle = 0;
  const children = sources.flatMap((source): Row[] => {
    const process = started.get(source.name);
    if (process?.tree) return [processRow({ ...process, found: true }, shown)];
    return ++idle > maxShown ? [] : [idleRow(source)];
  });
  const more = idle - maxShown;
  if (more > 0) children.push(moreRow(more));
  const live = children.filter(({ context }) => context.startsWith('process.live')).length;
  const description = live > 0 ? `${live}/${sources.length}` : String(sources.length);
  return [
    {
      id: 'found',
      kind: 'group',
      label,
      description,
      icon: 'search',
      context: groupContext(children),
      process: '',
      children,
      isClosed: !isOpen,
    },
  ];
}

function idleRow({ name, command, source, place, failure }: FoundSource): Row {
  const parts = [command === name ? '' : command, source === command ? '' : source];
  return {
    id: idOf(name),
    kind: 'found',
    label: name,
    description: parts.filter(Boolean).join('  '),
    icon: 'circle-outline',
    colour: 'disabledForeground',
    context: 'found.idle',
    process: name,
    ...(place && { place }),
    ...(failure !== undefined && { ...failedLook, description: failure, context: 'found.failed' }),
    children: [],
  };
}

function moreRow(count: number): Row {
  return {
    id: 'found:more',
    kind: 'more',
    label: `… ${count} more`,
    description: '',
    icon: 'ellipsis',
    colour: 'disabledForeground',
    context: 'more.found',
    process: '',
    children: [],
  };
}
