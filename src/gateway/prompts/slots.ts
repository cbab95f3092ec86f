/** The slots of a llama-server, each with the prompt that it has worked on last (tools/server/README.md, "GET /props", "POST /slots/{id_slot}"). */
import type { Pool } from 'undici';
import { asRecord } from '../../protocol/jsonFields.ts';

/** Maximum length of an answer, in bytes; that of /props has the template of the chat in it. */
const maxAnswer = 4 * 2 ** 20;
/** Maximum number of slots that are saved of one server. */
const maxSlots = 256;

/** All of them. (Older versions list them by `/slots` only where they are told to.) @throws Error where it does not tell. */
export async function slotsOf(connections: Pool, signal: AbortSignal): Promise<number[]> {
  const { total_slots: total } = asRecord(await ask(connections, { path: '/props', method: 'GET', signal }));
  if (!Number.isSafeInteger(total)) throw new Error('it does not tell how many slots it has');
  return Array.from({ length: Math.max(0, Math.min(total as number, maxSlots)) }, (_, slot) => slot);
}

/** Number of tokens that were saved. @throws Error with what the server says. */
export async function saveSlot(connections: Pool, slot: number, filename: string, signal: AbortSignal): Promise<number> {
  return await act(connections, slot, 'save', 'n_saved', filename, signal);
}

/** Number of tokens that were restored. @throws Error with what the server says. */
export async function restoreSlot(connections: Pool, slot: number, filename: string, signal: AbortSignal): Promise<number> {
  return await act(connections, slot, 'restore', 'n_restored', filename, signal);
}

async function act(connections: Pool, slot: number, action: string, key: string, filename: string, signal: AbortSignal): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  const path = `/slots/${slot}?action=${action}`;
  const { [key]: tokens } = asRecord(await ask(connections, { path, method: 'POST', signal, headers, body: JSON.stringify({ filename }) }));
  return typeof tokens === 'number' ? tokens : 0;
}

async function ask(connections: Pool, request: Parameters<Pool['request']>[0]): Promise<unknown> {
  const answer = await connections.request(request);
  let text = '';
  for await (const chunk of answer.body.setEncoding('utf8')) {
    text += chunk;
    if (text.length > maxAnswer) throw new Error(`it answers with more than ${maxAnswer} bytes`);
  }
  if (answer.statusCode !== 200) throw new Error(`it answers ${answer.statusCode}`);
  return JSON.parse(text);
}
