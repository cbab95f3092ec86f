/** The slots of a llama-server, each with the prompt that it has worked on last (tools/server/README.md, "GET /slots", "POST /slots/{id_slot}"). */
import type { Pool } from 'undici';
import { asRecord } from './asRecord.ts';

/** Maximum length of an answer, in bytes: that of /slots may have every prompt in it. */
const maxAnswer = 16 * 2 ** 20;
/** Maximum number of slots that are saved of one server. */
const maxSlots = 256;

/** @throws Error where it does not tell. */
export async function slotsOf(connections: Pool, signal: AbortSignal): Promise<number[]> {
  const slots = await ask(connections, { path: '/slots', method: 'GET', signal });
  if (!Array.isArray(slots)) throw new Error('it does not list its slots');
  return slots.slice(0, maxSlots).flatMap((slot) => {
    const { id } = asRecord(slot);
    return Number.isSafeInteger(id) && (id as number) >= 0 ? [id as number] : [];
  });
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
