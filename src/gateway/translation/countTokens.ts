/** How many tokens a request of Anthropic's Messages API has, by servers that do not count them by that name. */
import type { ServerResponse } from 'node:http';
import { errorTextIn } from '../../protocol/errors.ts';
import { asRecord } from '../../protocol/jsonFields.ts';
import { GatewayError } from '../gatewayError.ts';
import type { Lease } from '../lease.ts';
import { mayMeanNoPath, type ProxyResult, type UpstreamRequest } from '../upstreamExchange.ts';
import type { Fields } from './fields.ts';
import { chatFromMessages } from './messagesRequest.ts';

/** Maximum size of an answer of the server, in bytes: a prompt, or a list of tokens. */
const maxBytes = 2 ** 26;
/** Maximum length of an error of the server, in characters. */
const quotedLength = 4000;

/**
 * llama-server writes the prompt (`/apply-template`) and takes it apart (`/tokenize`); vLLM counts a chat (`/tokenize`).
 * @throws InvalidRequestError, or GatewayError where the server can do neither.
 */
export async function countTokens(body: Fields, { lease, gone }: UpstreamRequest, response: ServerResponse): Promise<ProxyResult> {
  const chat = chatFromMessages({ ...body, stream: false });
  const count = (await byTemplate(lease, gone, chat)) ?? (await byChat(lease, gone, chat));
  if (count === undefined) {
    const message = 'The server of this model cannot count tokens: it has no /v1/messages/count_tokens, and no /tokenize for chats.';
    throw new GatewayError(501, message, { retry: false });
  }
  const text = JSON.stringify({ input_tokens: count });
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }).end(text);
  return { failed: false, endedAt: performance.now(), usage: {} };
}

async function byTemplate(lease: Lease, gone: AbortSignal, chat: Fields): Promise<number | undefined> {
  const { prompt } = await ask(lease, gone, '/apply-template', chat);
  if (typeof prompt !== 'string') return undefined;
  const { tokens } = await ask(lease, gone, '/tokenize', { content: prompt, add_special: true, parse_special: true });
  return Array.isArray(tokens) ? tokens.length : undefined;
}

async function byChat(lease: Lease, gone: AbortSignal, { model, messages, tools }: Fields): Promise<number | undefined> {
  const { count } = await ask(lease, gone, '/tokenize', { model, messages, ...(tools !== undefined && { tools }) });
  return typeof count === 'number' ? count : undefined;
}

/** No fields where the server has no such path. @throws GatewayError with what else it says is wrong. */
async function ask({ connections, lost }: Lease, gone: AbortSignal, path: string, body: object): Promise<Fields> {
  const signal = AbortSignal.any([gone, lost]);
  const headers = { 'content-type': 'application/json' };
  const answer = await connections.request({ path, method: 'POST', headers, body: JSON.stringify(body), signal });
  let text = '';
  for await (const piece of answer.body.setEncoding('utf8')) {
    text += piece;
    if (text.length > maxBytes) throw new GatewayError(502, `The server’s answer to ${path} has more than ${maxBytes} bytes.`);
  }
  if (mayMeanNoPath.has(answer.statusCode)) return {};
  if (answer.statusCode >= 400) throw new GatewayError(answer.statusCode, errorTextIn(text).slice(0, quotedLength));
  try {
    return asRecord(JSON.parse(text));
  } catch {
    return {};
  }
}
