import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '../../protocol/errors.ts';
import type { ModelRequest } from '../../protocol/models.ts';
import { stateFolder } from '../../records/stateFolder.ts';

/**
 * Where servers of this model keep their prompts; undefined where they do not. It is for this user only: what was said is in the files.
 * @throws Error where there can be none.
 */
export function makePromptFolder({ name, prompts }: Pick<ModelRequest, 'name' | 'prompts'>): string | undefined {
  if (prompts === undefined) return undefined;
  const folder = join(stateFolder(), 'prompts', prompts.key);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Error(
      `The prompts of '${name}' cannot be saved in ${folder}: ${errorText(error)}. Declare it without "onSwap", or make room there.`,
    );
  }
  return folder;
}
