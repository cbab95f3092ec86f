import { typeInto } from '../client/keyboard.ts';
import { maxKeys, maxKeyText } from '../protocol/keys.ts';
import { labelOf } from '../protocol/trees.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { Wardens } from './wardens.ts';

export interface SendKeysOptions {
  readonly literal?: boolean;
}

/** Types into one process that runs. */
export async function sendKeys(wanted: string, keys: readonly string[], { literal = false }: SendKeysOptions): Promise<number> {
  if (keys.length > maxKeys) throw new CliError(`At most ${maxKeys} keys and texts can be sent at once.`, exitCodes.usage);
  if (keys.some((key) => key.length > maxKeyText)) throw new CliError(`A text can have at most ${maxKeyText} characters.`, exitCodes.usage);
  using wardens = await Wardens.connect('tree-warden send-keys');
  const all = await wardens.findEach([wanted], 'live');
  const [found, another] = all;
  if (found === undefined || another !== undefined) {
    const names = all.map(({ tree }) => labelOf(tree)).join(', ');
    throw new CliError(`'${wanted}' has several instances: ${names}. Name one of them.`);
  }
  await typeInto({ client: found.warden, tree: found.tree }, keys, literal);
  return exitCodes.ok;
}
