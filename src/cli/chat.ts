import { streamChat } from '../client/chatStream.ts';
import { errorText } from '../protocol/errors.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { writeOut } from './stdout.ts';
import { Wardens } from './wardens.ts';

/** Asks a model one thing, and prints its answer as it comes. */
export async function chat(wanted: string, prompt: string): Promise<number> {
  using wardens = await Wardens.connect('tree-warden chat');
  const { warden, model } = await wardens.findModel(wanted);
  const gateway = await warden.gateway();
  if (!gateway) throw new CliError(`'${wanted}' is not served any more.`);
  let hasBegun = false;
  try {
    const request = { model: model.name, messages: [{ role: 'user', content: prompt }] };
    await streamChat(gateway, request, {
      onText: (text) => {
        hasBegun = true;
        return writeOut(text);
      },
    });
  } catch (error) {
    if (hasBegun) await writeOut('\n');
    throw new CliError(errorText(error));
  }
  await writeOut('\n');
  return exitCodes.ok;
}
