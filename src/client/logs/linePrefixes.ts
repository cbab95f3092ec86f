import { visible } from '../../protocol/visible.ts';

/** ANSI colours, in the order in which processes get them. */
const colours = [36, 33, 32, 35, 34, 31];

/** What stands in front of the lines of each process, all of one width. */
export function linePrefixes(labels: readonly string[], hasColours: boolean): string[] {
  const names = labels.map(visible);
  const width = Math.max(...names.map(({ length }) => length));
  return names.map((name, index) => {
    const plain = `${name.padEnd(width)} | `;
    return hasColours ? `\u001b[${colours[index % colours.length]}m${plain}\u001b[0m` : plain;
  });
}
