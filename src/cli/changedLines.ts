import { structuredPatch } from 'diff';
import { displayCommandLine, displayTextLine } from '../command/commandLine.ts';
import { type Direction, type FoundFile, isChangedBy } from '../config/mcp/plannedChange.ts';

/** Maximum length of a line that is shown, in characters. A file that is written in one line is shown by its commands. */
const longestLine = 400;

/** The change of a file as a unified diff, with what looks like a secret masked. */
export function changedLines(direction: Direction, found: FoundFile, text: string): string[] {
  const { path, file, servers } = found;
  const { hunks } = structuredPatch(path, path, file.text, text, '', '', { context: 1 });
  const head = [`--- ${path}`, `+++ ${path}`];
  const lines = hunks.flatMap((hunk) => [`@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`, ...hunk.lines]);
  if (lines.every((line) => line.length <= longestLine))
    return [...head, ...lines.map((line) => displayTextLine(line.trimEnd().replaceAll('\t', '  ')))];
  const commands = servers
    .filter((server) => isChangedBy(direction, server))
    .map(({ name, argv }) => `${name}: ${displayCommandLine(argv)}`);
  return [
    ...head,
    ...commands.flatMap((line) => (direction === 'guard' ? [`- ${line}`, `+ ${line} (guarded)`] : [`- ${line} (guarded)`, `+ ${line}`])),
  ];
}
