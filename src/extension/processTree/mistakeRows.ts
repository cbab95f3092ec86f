/** The rows of what is declared wrongly. Independent of the editor and of the clock. */
import type { Place, Row } from './row.ts';

/** The source of a mistake's row. */
export interface MistakeSource extends Place {
  /** Of the process or model; undefined where the mistake belongs to none. */
  readonly name?: string | undefined;
  readonly message: string;
}

/** Maximum number of rows; the Problems view has them all. */
const maxShown = 50;

/** One for each that has no row of its own, because nothing is known by its name. */
export function mistakeRows(mistakes: readonly MistakeSource[], names: ReadonlySet<string>): Row[] {
  return mistakes
    .filter(({ name }) => name === undefined || !names.has(name))
    .slice(0, maxShown)
    .map(({ name, message, ...place }) => ({
      id: `mistake:${place.file}:${name ?? ''}`,
      kind: 'mistake',
      label: name ?? 'processes.json',
      description: shortened(message, name),
      icon: 'error',
      colour: 'charts.red',
      context: 'mistake.error',
      process: '',
      place: { file: place.file, line: place.line, column: place.column },
      children: [],
    }));
}

/** Without what the label says: `command: must be a string`. */
export function shortened(message: string, name: string | undefined): string {
  for (const section of ['processes', 'models'])
    for (const separator of ['.', ': ']) {
      const start = `${section}.${name}${separator}`;
      if (name !== undefined && message.startsWith(start)) return message.slice(start.length);
    }
  return message;
}
