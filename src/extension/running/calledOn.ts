/** How a command was called: on rows of the view, or from the palette. */
import type { Row } from '../processTree/row.ts';

/**
 * `lost`: on a row that the editor was just drawing anew, and no longer knows. `unfocused`: by a key, and the editor knows no row that has the focus: there
 * is none, or it was just being drawn anew.
 */
export type CalledOn = { readonly rows: readonly Row[] } | 'lost' | 'unfocused';

/** What the view knows of itself. */
export interface ViewState {
  /** Undefined while the editor does not know all selected rows. */
  readonly selection: readonly Row[] | undefined;
  /** The row as it is now; undefined where it has gone. */
  current(row: Row): Row | undefined;
}

/**
 * The rows that a command was called on; none from the palette, which calls without an argument. A menu or a button gives its row, and the selected
 * ones behind it where it is one of them. A key gives a list with the focused row (see `keybindings` in package.json): where it is selected, all
 * selected ones are meant. Where the editor does not know all of them, none is meant: it forgets every row when the top level is drawn anew, until it has
 * asked for it again (`_clearAll` in its extHostTreeViews.ts).
 */
export function calledOn(args: readonly unknown[], view: ViewState): CalledOn {
  if (args.length === 0) return { rows: [] };
  const [first, second] = args;
  if (Array.isArray(first)) {
    const focused = (first as readonly unknown[]).find(isRow);
    if (focused === undefined) return 'unfocused';
    const { selection } = view;
    if (selection === undefined) return 'lost';
    return { rows: newest(selection.some(({ id }) => id === focused.id) ? selection : [focused], view) };
  }
  if (!isRow(first)) return first === undefined || first === null ? 'lost' : { rows: [] };
  const given = Array.isArray(second) ? (second as readonly unknown[]) : [];
  const selected = given.filter(isRow);
  if (selected.length < given.length) return 'lost';
  return { rows: newest(selected.length > 1 ? [first, ...selected.filter(({ id }) => id !== first.id)] : [first], view) };
}

/** The editor holds what a row was when it was first drawn: that of a found process is of another kind once it runs. */
function newest(rows: readonly Row[], view: ViewState): readonly Row[] {
  return rows.map((row) => view.current(row) ?? row);
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && 'kind' in value && 'context' in value;
}
