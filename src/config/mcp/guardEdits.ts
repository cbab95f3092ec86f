/**
 * Puts the launcher in front of the command of a declared MCP server, and takes it away again. Nothing but what is inserted changes: comments, order, indentation and the spelling
 * of the command stay, so that the second gives the bytes before the first.
 */
import { applyEdits, type Edit, type Node } from 'jsonc-parser';
import { nameFrom } from '../../protocol/names.ts';
import { type DeclaredServer, declaredServers, type ServerNodes, separators } from './declaredServers.ts';

/** The text could not be changed, as a clause; it is left as it was. */
export class CannotGuardError extends Error {}

/**
 * The text with the chosen servers guarded. Others are left as they are.
 * @param launcher Absolute path of the launcher.
 * @param isChosen By default all that can be guarded.
 * @throws ClientFileError, CannotGuardError
 */
export function guardServers(text: string, launcher: string, isChosen: Choice = () => true): string {
  return change(text, 'bare', isChosen, (server, nodes) => guardEdits(text, server, nodes, launcher));
}

/**
 * The text with the chosen servers as they were before they were guarded.
 * @throws ClientFileError, CannotGuardError
 */
export function unguardServers(text: string, isChosen: Choice = () => true): string {
  return change(text, 'guarded', isChosen, (_server, nodes) => unguardEdits(text, nodes));
}

type Choice = (server: DeclaredServer) => boolean;

function change(
  text: string,
  state: DeclaredServer['state'],
  isChosen: Choice,
  editsOf: (server: DeclaredServer, nodes: ServerNodes) => Edit[],
): string {
  const before = declaredServers(text);
  const chosen = new Set(before.filter((server) => server.state === state && isChosen(server)));
  if (chosen.size === 0) return text;
  const changed = applyEdits(
    text,
    [...chosen].flatMap((server) => (server.nodes ? editsOf(server, server.nodes) : [])),
  );
  assertOnlyGuardsChanged(changed, before, chosen);
  return changed;
}

function guardEdits(text: string, { name }: DeclaredServer, { command, args }: ServerNodes, launcher: string): Edit[] {
  const value = valueIn(command);
  const written = sliceOf(text, value);
  const shownName = JSON.stringify(nameFrom(name, 'mcp-server'));
  const edits: Edit[] = [{ offset: value.offset, length: value.length, content: JSON.stringify(launcher) }];
  if (args === undefined) {
    const front = `[${shownName}, "${separators.alone}", ${written}]`;
    const gap = lineBreakBefore(text, command.offset) ?? ' ';
    return [...edits, { offset: endOf(value), length: 0, content: `,${gap}"args": ${front}` }];
  }
  const list = valueIn(args);
  const front = `${shownName}, "${separators.withArgs}", ${written}`;
  const [first] = list.children ?? [];
  if (!first) return [...edits, { offset: list.offset + 1, length: 0, content: front }];
  const gap = lineBreakBefore(text, first.offset) ?? ' ';
  return [...edits, { offset: first.offset, length: 0, content: `${front},${gap}` }];
}

function unguardEdits(text: string, { command, args }: ServerNodes): Edit[] {
  const list = args && valueIn(args);
  const [name, separator, program, next] = list?.children ?? [];
  if (!args || !list || !name || !separator || !program) return [];
  const value = valueIn(command);
  const edits: Edit[] = [{ offset: value.offset, length: value.length, content: sliceOf(text, program) }];
  const between = text.slice(endOf(value), args.offset);
  if (!next && separator.value === separators.alone && /^\s*,\s*$/.test(between))
    return [...edits, { offset: endOf(value), length: endOf(args) - endOf(value), content: '' }];
  const end = next ? next.offset : endOf(program) + trailingCommaIn(text.slice(endOf(program), endOf(list)));
  return [...edits, { offset: name.offset, length: end - name.offset, content: '' }];
}

/** Length of a comma that a formatter has put behind the last argument, with what is before it. */
function trailingCommaIn(rest: string): number {
  return rest.match(/^\s*,/)?.[0].length ?? 0;
}

/** The line break and the indentation before an offset, where nothing else is. */
function lineBreakBefore(text: string, offset: number): string | undefined {
  return text.slice(0, offset).match(/(\r?\n)[ \t]*$/)?.[0];
}

/** What was made is read again: a mistake here would take a client's servers away. */
function assertOnlyGuardsChanged(changed: string, before: readonly DeclaredServer[], chosen: ReadonlySet<DeclaredServer>): void {
  const after = declaredServers(changed);
  const isAsMeant = before.every((server, index) => {
    const now = after[index];
    const state = chosen.has(server) ? opposite(server.state) : server.state;
    return now?.state === state && String(now.path) === String(server.path) && JSON.stringify(now.argv) === JSON.stringify(server.argv);
  });
  if (!isAsMeant || after.length !== before.length) throw new CannotGuardError('the entry is written in a way that cannot be changed');
}

function opposite(state: DeclaredServer['state']): DeclaredServer['state'] {
  return state === 'bare' ? 'guarded' : 'bare';
}

function valueIn(property: Node): Node {
  const value = property.children?.[1];
  if (!value) throw new CannotGuardError('the entry has a key without a value');
  return value;
}

function sliceOf(text: string, { offset, length }: Node): string {
  return text.slice(offset, offset + length);
}

function endOf({ offset, length }: Node): number {
  return offset + length;
}
