import { streamChat } from '../client/chatStream.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { complain } from './say.ts';
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
    const messages = [{ role: 'user', content: prompt }];
    // With its tokens, which tree-warden requests and models show.
    const request = { model: model.name, messages, stream_options: { include_usage: true } };
    await streamChat({ ...gateway, client: 'tree-warden-chat' }, request, {
      onText: (text) => {
        hasBegun = true;
        return writeOut(text);
      },
      onWaiting: waitingReporter(model.name),
    });
  } catch (error) {
    if (hasBegun) await writeOut('\n');
    throw error;
  }
  await writeOut('\n');
  return exitCodes.ok;
}

/** A line on stderr for each thing that the model does before it answers; where no person looks on, without each percent. */
function waitingReporter(model: string): (state: string) => void {
  let lastLine: string | undefined;
  return (state) => {
    const shown = process.stderr.isTTY ? state : state.replace(/ \d+ %$/, '');
    if (shown === lastLine) return;
    lastLine = shown;
    complain(shown === 'ready' ? `${model} is ready, and has not answered yet` : `${model} is ${shown}`);
  };
}
