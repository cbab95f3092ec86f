import { createParser } from 'eventsource-parser';
import { CliError, exitCodes } from './exitCodes.ts';
import { writeOut } from './stdout.ts';
import { Wardens } from './wardens.ts';

interface Chunk {
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null } }[];
  readonly error?: { readonly message?: string };
}

/** Asks a model one thing, and prints its answer as it comes. */
export async function chat(wanted: string, prompt: string): Promise<number> {
  using wardens = await Wardens.connect('tree-warden chat');
  const { warden, model } = await wardens.findModel(wanted);
  const gateway = await warden.gateway();
  if (!gateway) throw new CliError(`'${wanted}' is not served any more.`);
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${gateway.token}` },
    body: JSON.stringify({ model: model.name, stream: true, messages: [{ role: 'user', content: prompt }] }),
  });
  if (!response.ok || !response.body) throw new CliError(messageOf(await response.text()));
  let problem: string | undefined;
  let text = '';
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data === '[DONE]') return;
      const { choices, error } = JSON.parse(data) as Chunk;
      text += choices?.[0]?.delta?.content ?? '';
      problem ??= error && (error.message ?? data);
    },
  });
  const decoder = new TextDecoder();
  for await (const piece of response.body as AsyncIterable<Uint8Array>) {
    parser.feed(decoder.decode(piece, { stream: true }));
    await writeOut(text);
    text = '';
  }
  await writeOut('\n');
  if (problem !== undefined) throw new CliError(problem);
  return exitCodes.ok;
}

function messageOf(body: string): string {
  try {
    return (JSON.parse(body) as Chunk).error?.message ?? body;
  } catch {
    return body;
  }
}
