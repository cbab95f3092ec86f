import type { IncomingMessage } from 'node:http';
import { GatewayError } from './gatewayError.ts';

/** A request has to be kept until its model is there; images and sound included, it has to fit into so many bytes. */
const maxBytes = 256 * 2 ** 20;

/** What a request says of itself. */
export interface RequestBody {
  readonly model: string | undefined;
  readonly isStream: boolean;
  /** What is sent on, for a server that knows the model by this name. */
  bytes(upstreamName: string): Buffer;
  /** The beginning of its conversation: the same for all its turns; undefined where it is none. */
  conversation(): string | undefined;
}

/** @throws GatewayError where it is too long, or not what it says it is. */
export async function readBody(request: IncomingMessage): Promise<RequestBody> {
  const bytes = await readAll(request);
  const type = request.headers['content-type'] ?? '';
  return type.startsWith('multipart/') ? await fromForm(bytes, type) : fromJson(bytes);
}

/** By events: an async iterator costs a small request a tenth of all that it costs. */
function readAll(request: IncomingMessage): Promise<Buffer> {
  const tooLong = (): GatewayError => new GatewayError(413, `The request has more than ${maxBytes} bytes.`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLong());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBytes) reject(tooLong());
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    request.on('error', reject);
  });
}

function fromJson(bytes: Buffer): RequestBody {
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString());
  } catch (error) {
    throw new GatewayError(400, `The request is not valid JSON: ${(error as Error).message}`);
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new GatewayError(400, 'The request is not a JSON object.');
  const fields = body as Readonly<Record<string, unknown>>;
  const { model, stream, messages, system, prompt, input } = fields;
  if (model !== undefined && typeof model !== 'string') throw new GatewayError(400, 'The model of a request is a text.');
  return {
    model,
    isStream: stream === true,
    bytes: (upstreamName) =>
      model === undefined || upstreamName === model ? bytes : Buffer.from(JSON.stringify({ ...fields, model: upstreamName })),
    conversation: () => {
      const first = Array.isArray(messages) ? messages.slice(0, 2) : (prompt ?? input);
      return first === undefined ? undefined : JSON.stringify([system, first]).slice(0, 4096);
    },
  };
}

/** Of sound, and the like. */
async function fromForm(bytes: Buffer, type: string): Promise<RequestBody> {
  const form = await new Response(new Uint8Array(bytes), { headers: { 'Content-Type': type } }).formData().catch((error: Error) => {
    throw new GatewayError(400, `The request is not a valid form: ${error.message}`);
  });
  const model = form.get('model');
  return {
    model: typeof model === 'string' ? model : undefined,
    isStream: form.get('stream') === 'true',
    bytes: () => bytes,
    conversation: () => undefined,
  };
}
