import { type KeyBytes, keyBytes } from '../protocol/keys.ts';
import { maxInputLength } from '../protocol/output.ts';
import { labelOf } from '../protocol/trees.ts';
import type { WardenTree } from './nameVerbs.ts';

/**
 * Types into a process, all at once: what a reader of its terminal sees between two of them is up to the process.
 * @throws Error with a sentence where it has no terminal, or pipe, for them; nothing was sent then.
 */
export async function typeInto(target: WardenTree, written: readonly string[], literal: boolean): Promise<void> {
  await press(
    target,
    written.map((one) => keyBytes(one, literal)),
  );
}

/**
 * Types each line of a text, and Enter behind it: in one piece, so that nothing that is typed meanwhile comes in between.
 * @throws Error with a sentence, as {@link typeInto}.
 */
export async function typeLines(target: WardenTree, text: string): Promise<void> {
  await press(
    target,
    text.split('\n').flatMap((line) => [keyBytes(line, true), keyBytes('Enter')]),
  );
}

async function press({ client, tree }: WardenTree, keys: readonly KeyBytes[]): Promise<void> {
  const isPipe = tree.stdio === 'pipes';
  const unknown = isPipe ? keys.find(({ by }) => by === 'key') : undefined;
  if (unknown)
    throw new Error(
      `'${labelOf(tree)}' has a pipe as its stdin, and no terminal in which ${unknown.name} would be a key: it takes text and Enter. Nothing was sent.`,
    );
  // A pipe has no line discipline that makes a newline of what the Enter key sends.
  const data = Buffer.concat(keys.map((key) => (isPipe && key.by === 'enter' ? Buffer.from('\n') : key.data)));
  if (data.toString('base64').length > maxInputLength)
    throw new Error(
      `At most ${Math.floor((maxInputLength * 3) / 4 / 1024)} KiB can be typed at once, and these are ${Math.ceil(data.length / 1024)} KiB.`,
    );
  await client.sendInput(tree.id, data);
}
