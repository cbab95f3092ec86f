import { createHash } from 'node:crypto';
import { stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText } from '../../protocol/errors.ts';
import type { ServedModel } from '../../protocol/models.ts';
import { makeFolder } from '../../records/makeFolder.ts';
import { stateFolder } from '../../records/stateFolder.ts';

/**
 * Where a server of this model that is started now keeps its prompts; undefined where it does not. What was saved serves the very same file and command only, so another
 * file of the same name has another folder. It is for this user only: what was said is in the files. The model's file may be on a server that does not answer, so it is
 * asked for without waiting.
 * @throws Error where there can be none.
 */
export async function makePromptFolder(
  { name, start, prompts }: Pick<ServedModel, 'name' | 'start' | 'prompts'>,
  state: string = stateFolder(),
): Promise<string | undefined> {
  if (prompts === undefined) return undefined;
  const root = join(state, 'prompts');
  try {
    const { size, mtimeMs, ino } = await stat(prompts.file);
    const same = JSON.stringify([name, start.argv, prompts.file, size, mtimeMs, ino]);
    const folder = join(root, createHash('sha256').update(same).digest('hex').slice(0, 32));
    // One that was there, and is empty, is kept as long as one that is new.
    const now = new Date();
    if (!makeFolder(folder)) await utimes(folder, now, now);
    return folder;
  } catch (error) {
    throw new Error(
      `'${name}' has no place for its prompts below ${root}: ${errorText(error)}. Declare it without "onSwap", or make room there.`,
    );
  }
}
