/** How a command was called: on rows of the view, or from the palette. */
import type { Row } from '../processTree/row.ts';

/** `lost`: on a row that the editor was just drawing anew, and no longer knows. */
export type CalledOn = { readonly rows: readonly Row[] } | 'lost';

/** What the view knows of itself. */
export interface ViewState {
  readonly selection: readonly Row[];
  /** The row as it is now; undefined where it has gone. */
  current(row: Row): Row | undefined;
}

/**
 * The rows that a command was called on; none from the palette, which calls without an argument. A menu or a button gives its row, and the selected
 * ones behind it where it is one of them. A key gives a list with the focused row (see `keybindings` in package.json): where it is selected, all
 * selected ones are meant.
 */
export function calledOn(args: readonly unknown[], view: ViewState): CalledOn {
  if (args.length === 0) return { rows: [] };
  const [first, second] = args;
  if (Array.isArray(first)) {
    const focused = (first as readonly unknown[]).find(isRow);
    const isSelected = focused === undefined || view.selection.some(({ id }) => id === focused.id);
    return { rows: newest(isSelected ? view.selection : [focused], view) };
  }
  if (!isRow(first)) return first === undefined || first === null ? 'lost' : { rows: [] };
  const selected = Array.isArray(second) ? (second as readonly unknown[]).filter(isRow) : [];
  return { rows: newest(selected.length > 1 ? [first, ...selected.filter(({ id }) => id !== first.id)] : [first], view) };
}

/** The editor holds what a row was when it was first drawn: that of a found process is of another kind once it runs. */
function newest(rows: readonly Row[], view: ViewState): readonly Row[] {
  return rows.map((row) => view.current(row) ?? row);
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && 'kind' in value && 'context' in value;
}
