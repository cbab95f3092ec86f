/** What `tree-warden top` draws: from its state to the lines of the screen; pure. */
import { clockTime, formatBytes, formatDuration, formatPercent } from '../../protocol/format.ts';
import { visible } from '../../protocol/visible.ts';
import { fitted, widthOf } from './text.ts';
import type { TopRow } from './topModel.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Below these, nothing can be read. */
export const minSize: Size = { columns: 40, rows: 10 };

/** A line is being written. */
export interface LineMode {
  readonly at: 'filter' | 'type';
  readonly text: string;
}

export type Mode =
  | { readonly at: 'list' }
  | LineMode
  /** `y` or `n`. */
  | { readonly at: 'ask'; readonly question: string }
  | { readonly at: 'help' };

export interface TopState {
  readonly size: Size;
  /** Those that the filter lets through. */
  readonly rows: readonly TopRow[];
  readonly selected: number;
  readonly filter: string;
  readonly mode: Mode;
  /** The newest message, or nothing. */
  readonly message: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Lines of the output, each with its own colours and no wider than the screen; the newest one last. */
  readonly output: readonly string[];
  /** Number of lines between the newest one and the last that is shown. */
  readonly scrolledBy: number;
  readonly colours: boolean;
}

export interface Layout {
  /** Rows of the list that fit. */
  readonly list: number;
  /** Lines of the output that fit. */
  readonly output: number;
}

/** Title, header, separator, message and keys take a line each. */
const fixedLines = 5;

/** As much of the list as there is, but at most the upper half, or a bit less on a small screen. */
export function layoutOf({ rows }: Size, count: number): Layout {
  const free = Math.max(0, rows - fixedLines);
  const list = Math.min(Math.max(count, 3), Math.ceil(free / 2));
  return { list, output: free - list };
}

const keysLine = '↑↓ select → open s start x stop r restart K kill i type / filter ? help q quit';

const helpLines = [
  'Up, Down, j, k       select a process',
  'Home, End, g, G      the first, the last one',
  'Right, Left, Enter   show its members, hide them',
  's                    start',
  'x                    stop, by its own stop sequence',
  'r                    restart',
  'K                    kill at once (SIGKILL)',
  'i                    type a line into it',
  'PgUp, PgDn           scroll its output',
  '/                    filter by name, state, port or pid; Esc shows all',
  'q, Ctrl-C            quit: what runs goes on',
  '',
  'Nothing that is listed belongs to this command: it lists what windows and',
  'other commands run, as tree-warden ps does.',
];

/** As many lines as the screen has, none wider than it. */
export function frameOf(state: TopState): readonly string[] {
  const { size } = state;
  const { columns, rows } = size;
  if (columns < minSize.columns || rows < minSize.rows) {
    const lines = [`${columns}×${rows} is too small;`, `${minSize.columns}×${minSize.rows} is needed.`, 'q quits.'];
    return filled(
      lines.map((line) => fitted(line, columns)),
      rows,
    );
  }
  const style = styles(state.colours);
  const { list, output } = layoutOf(size, state.rows.length);
  const body =
    state.mode.at === 'help'
      ? filled(
          helpLines.map((line) => fitted(` ${line}`, columns)),
          rows - 3,
        )
      : [
          style.bold(tableLine(headerCells, columns, '')),
          ...listLines(state, list, style),
          separator(state, style),
          ...filled(
            state.output.slice(-output).map((line) => `${line}${style.reset}`),
            output,
          ),
        ];
  return [
    title(state, style),
    ...body,
    lastLine(state, style),
    style.dim(fitted(state.mode.at === 'help' ? 'any key closes this' : keysLine, columns)),
  ];
}

interface Styles {
  readonly reset: string;
  bold(text: string): string;
  dim(text: string): string;
  selected(text: string): string;
  state(row: TopRow, text: string): string;
}

function styles(colours: boolean): Styles {
  const sgr = (code: string, text: string): string => `\x1b[${code}m${text}\x1b[0m`;
  return {
    reset: '\x1b[0m',
    bold: (text) => sgr('1', text),
    dim: (text) => (colours ? sgr('2', text) : text),
    selected: (text) => sgr('7', text),
    state: (row, text) => {
      const code = colours ? colourOf(row) : undefined;
      return code === undefined ? text : sgr(code, text);
    },
  };
}

function colourOf({ state, asks, isLive }: TopRow): string | undefined {
  if (asks) return '33;1';
  switch (state) {
    case 'ready':
    case 'succeeded':
      return '32';
    case 'failed':
    case 'unkillable':
      return '31';
    case 'starting':
    case 'stopping':
    case 'restarting':
    case 'waiting':
    case 'unhealthy':
      return '33';
    default:
      return isLive ? undefined : '2';
  }
}

function title({ rows, size: { columns }, now }: TopState, style: Styles): string {
  const trees = rows.filter(({ depth }) => depth === 0);
  const running = trees.filter(({ isLive, tree }) => isLive && tree !== undefined);
  const sum = (of: (row: TopRow) => number | undefined): number => running.reduce((total, row) => total + (of(row) ?? 0), 0);
  const figures = `${running.length} of ${trees.length} running  ${formatPercent(sum((row) => row.cpuPercent))}  ${formatBytes(sum((row) => row.memoryBytes))}`;
  const clock = clockTime(now);
  return style.bold(`${fitted(`tree-warden top  ${figures}`, columns - clock.length)}${clock}`);
}

interface Cells {
  readonly name: string;
  readonly state: string;
  readonly pid: string;
  readonly cpu: string;
  readonly memory: string;
  readonly ports: string;
  readonly time: string;
  readonly note: string;
}

const headerCells: Cells = {
  ...{ name: 'NAME', state: 'STATE', pid: 'PID', cpu: 'CPU', memory: 'MEMORY', ports: 'PORTS', time: 'TIME', note: '' },
};

/** Widths of the columns; what is left is the name's, and on a wide screen the note's. */
const widths = { state: 10, pid: 8, cpu: 8, memory: 7, ports: 12, time: 10 } as const;
const wideColumns = 100;

/** `paintedState`: the state in its colour, in as many columns. On a narrow screen, the last columns go. */
function tableLine(cells: Cells, columns: number, painted: string): string {
  const hasNote = columns >= wideColumns;
  const [hasPorts, hasTime, hasPid] = [columns >= 62, columns >= 72, columns >= 80];
  const fixed =
    [widths.state, widths.cpu, widths.memory, hasPorts ? widths.ports : -1, hasTime ? widths.time : -1, hasPid ? widths.pid : -1].reduce(
      (sum, width) => sum + width + 1,
      0,
    ) + 1;
  const free = columns - fixed;
  const name = hasNote ? Math.min(30, Math.max(12, Math.floor(free / 2))) : free;
  const parts = [
    fitted(cells.name, name),
    painted || fitted(cells.state, widths.state),
    ...(hasPid ? [fitted(cells.pid, widths.pid, 'right')] : []),
    fitted(cells.cpu, widths.cpu, 'right'),
    fitted(cells.memory, widths.memory, 'right'),
    ...(hasPorts ? [fitted(cells.ports, widths.ports)] : []),
    ...(hasTime ? [fitted(cells.time, widths.time, 'right')] : []),
    ...(hasNote ? [fitted(cells.note, free - name - 1)] : []),
  ];
  return ` ${parts.join(' ')}`;
}

function listLines(state: TopState, height: number, style: Styles): string[] {
  const { rows, selected, size, now, filter } = state;
  if (rows.length === 0) {
    const nothing = filter === '' ? 'Nothing is running; what is started is listed here.' : `Nothing matches '${filter}'.`;
    return filled([fitted(` ${nothing}`, size.columns)], height);
  }
  const first = firstShown(selected, rows.length, height);
  return filled(
    rows.slice(first, first + height).map((row, index) => rowLine(row, first + index === selected, size.columns, now, style)),
    height,
  );
}

/** The selected row stays in the middle, where there are more rows than fit. */
export function firstShown(selected: number, count: number, height: number): number {
  return Math.max(0, Math.min(selected - Math.floor(height / 2), count - height));
}

function rowLine(row: TopRow, isSelected: boolean, columns: number, now: number, style: Styles): string {
  const { label, depth, state, pid, cpuPercent, memoryBytes, ports, startedAt, endedAt, note, place, asks } = row;
  const cells: Cells = {
    name: `${'  '.repeat(depth)}${label}`,
    state: asks ? `? ${state}` : state,
    pid: pid === undefined ? '' : String(pid),
    cpu: cpuPercent === undefined ? '' : formatPercent(cpuPercent),
    memory: memoryBytes === undefined ? '' : formatBytes(memoryBytes),
    ports,
    time: startedAt === undefined || depth > 0 ? '' : formatDuration(Math.max(0, (endedAt ?? now) - startedAt)),
    note: note === '' ? place : note,
  };
  if (isSelected) return style.selected(tableLine(cells, columns, ''));
  return tableLine(cells, columns, style.state(row, fitted(cells.state, widths.state)));
}

function separator({ rows, selected, size: { columns }, scrolledBy }: TopState, style: Styles): string {
  const row = rows[selected];
  const label = row === undefined ? '' : ` ${row.depth > 0 ? row.name : row.label}`;
  const note = row?.note ? `: ${row.note}` : '';
  const where = scrolledBy > 0 ? ` ${scrolledBy} lines up ` : '';
  const free = columns - '──'.length - ' '.length - widthOf(where) - '──'.length;
  const whole = visible(`${label}${note}`);
  const text = fitted(whole, Math.min(free, widthOf(whole)));
  const rest = '─'.repeat(free - widthOf(text));
  return style.dim(`──${text} ${rest}${where}──`);
}

function lastLine({ mode, message, filter, size: { columns } }: TopState, style: Styles): string {
  switch (mode.at) {
    case 'filter':
      return fitted(`/${tailOf(mode.text, columns - 2)}█`, columns);
    case 'type':
      return fitted(`type: ${tailOf(mode.text, columns - 8)}█`, columns);
    case 'ask':
      return style.bold(fitted(`${mode.question} y/n`, columns));
    default:
      return fitted(message || (filter === '' ? '' : `filter: ${filter} (Esc shows all)`), columns);
  }
}

/** The end of a line that is being written. */
function tailOf(text: string, columns: number): string {
  const shown = visible(text);
  return widthOf(shown) <= columns ? shown : [...shown].slice(-Math.floor(columns / 2)).join('');
}

function filled(lines: readonly string[], height: number): string[] {
  return [...lines.slice(0, height), ...Array.from({ length: Math.max(0, height - lines.length) }, () => '')];
}
