import { stripVTControlCharacters } from 'node:util';
import * as vscode from 'vscode';
import { lastLines } from '../../client/logs/lastLines.ts';
import type { LogLine } from '../../client/logs/logLines.ts';
import { LiveLog } from '../../client/logs/logSource.ts';
import { dateAndTime, exactDateAndTime } from '../../protocol/format.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { labelOf } from '../../protocol/trees.ts';
import type { ReadOnlyDocuments } from '../readOnlyDocuments.ts';
import { tellWarning } from '../tell.ts';
import type { WardenLink } from '../wardenLink.ts';

/** Maximum number of lines of a document, the newest ones, and of their bytes: the editor does not open a text of more than 50 MB. */
const maxLines = 200_000;
const maxBytes = 40 * 2 ** 20;

export interface OpenLogParts {
  readonly link: Pick<WardenLink, 'clientOf'>;
  readonly documents: Pick<ReadOnlyDocuments, 'show'>;
}

/**
 * Opens what a tree has printed so far as a document, with the time of each line and without colours: to be searched, folded and copied. `since`: what was
 * printed from then on is shown first, in milliseconds since 1970.
 */
export async function openLog(tree: TreeSnapshot, { link, documents }: OpenLogParts, since?: number): Promise<void> {
  const notes: string[] = [];
  const log = new LiveLog(await link.clientOf(tree.id), tree.id, (sentence) => notes.push(sentence), { whenBehind: 'skip' });
  const { lines, isCut } = await lastLines(log.past({}), maxLines, maxBytes);
  if (isCut) notes.push(vscode.l10n.t('Only the last {0} lines are shown.', lines.length.toLocaleString()));
  const text = lines.map(({ data, at }) => {
    const line = stripVTControlCharacters(data.toString());
    return at === undefined ? line : `${exactDateAndTime(at)} ${line}`;
  });
  if (notes.length > 0) void tellWarning(notes.join(' '));
  await documents.show(`${labelOf(tree)} ${dateAndTime(tree.startedAt)}.log`, text.join('\n'), lineSince(lines, since));
}

/** The first line of that time or later; the last one where there is none. */
function lineSince(lines: readonly LogLine[], since: number | undefined): number | undefined {
  if (since === undefined) return undefined;
  const found = lines.findIndex(({ at }) => at !== undefined && at >= since);
  return found < 0 ? Math.max(0, lines.length - 1) : found;
}
