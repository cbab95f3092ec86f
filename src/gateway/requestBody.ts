import { errorText } from '../protocol/errors.ts';
import type { RequestChanges } from '../protocol/modelFacts.ts';
import type { ModelRequest } from '../protocol/models.ts';
import { fieldsOf } from './formBytes.ts';
import { GatewayError } from './gatewayError.ts';
import { type ByteRange, fieldsNamed, mostFields, replaceRanges, withFields } from './jsonBytes.ts';
import { ownText } from './ownText.ts';
import { parseJson } from './parseJson.ts';

/** What a request says of itself. */
export interface RequestBody {
  readonly model: string | undefined;
  readonly isStream: boolean;
  /** What is sent on, for a server that knows the model by this name: nothing else is changed in it, but for these changes where it is JSON. */
  bytes(upstreamName: string, changes?: readonly RequestChanges[]): Buffer;
  /** The beginning of its conversation: the same for all its turns; undefined where it is none. */
  conversation(): string | undefined;
}

/** Deeper than any schema of a tool is nested, and not too deep for what any server reads it with. */
const maxDepth = 256;
/** Characters of a conversation that tell it from others. */
const maxConversation = 4096;
/** Bytes of a field of a form that is looked at. */
const longestField = 1024;

/** What is changed in a request that names the model by this name. */
export function changesOf({ name, changes, variants = [] }: ModelRequest, asked: string | undefined): readonly RequestChanges[] {
  const variant = asked === name ? undefined : variants.find((one) => one.name === asked);
  return [changes, variant].filter((one) => one !== undefined);
}

/** @throws GatewayError where it is not what it says it is. */
export function parseBody(bytes: Buffer, type: string): RequestBody {
  return /^multipart\//i.test(type) ? fromForm(bytes, type) : fromJson(bytes);
}

function fromJson(bytes: Buffer): RequestBody {
  const places = fieldsNamed('model', bytes, maxDepth);
  if (places === 'levels') throw new GatewayError(400, `The request is nested deeper than ${maxDepth} levels.`);
  if (places === 'fields') throw new GatewayError(400, `The request names its model more than ${mostFields} times.`, { param: 'model' });
  const fields = objectIn(bytes);
  const { model, stream, messages, system, prompt, input } = fields;
  if (model !== undefined && typeof model !== 'string')
    throw new GatewayError(400, 'The model of a request is a text.', { param: 'model' });
  return {
    model,
    isStream: stream === true,
    bytes: (upstreamName, changes = []) =>
      changes.reduce(changed, renamed(bytes, places, model, upstreamName, JSON.stringify(upstreamName))),
    conversation: () => {
      const first = Array.isArray(messages) ? messages.slice(0, 2) : (prompt ?? input);
      return first === undefined ? undefined : ownText(JSON.stringify([system, first]).slice(0, maxConversation));
    },
  };
}

function objectIn(bytes: Buffer): Readonly<Record<string, unknown>> {
  let body: unknown;
  try {
    body = parseJson(bytes);
  } catch (error) {
    throw new GatewayError(400, `The request is not valid JSON: ${errorText(error)}`);
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new GatewayError(400, 'The request is not a JSON object.');
  return body as Readonly<Record<string, unknown>>;
}

/** Of sound, and the like. */
function fromForm(bytes: Buffer, type: string): RequestBody {
  let fields: ReturnType<typeof fieldsOf>;
  try {
    fields = fieldsOf(bytes, type);
  } catch (error) {
    throw new GatewayError(400, `The request is not a valid form: ${errorText(error)}.`);
  }
  const placesOf = (name: string): ByteRange[] => fields.filter((field) => field.name === name && !field.isFile);
  const textAt = (place: ByteRange | undefined): string | undefined => place && bytes.toString('utf8', place.start, place.end);
  const places = placesOf('model');
  if (places.some(({ start, end }) => end - start > longestField))
    throw new GatewayError(400, `The model of a request has more than ${longestField} bytes.`, { param: 'model' });
  const model = textAt(places[0]);
  return {
    model,
    isStream: textAt(placesOf('stream').find(({ start, end }) => end - start <= longestField)) === 'true',
    bytes: (upstreamName) => renamed(bytes, places, model, upstreamName, upstreamName),
    conversation: () => undefined,
  };
}

function changed(bytes: Buffer, { set = {}, strip = [] }: RequestChanges): Buffer {
  return withFields(bytes, new Set([...strip, ...Object.keys(set)]), set);
}

/** Where it says so more than once, servers differ in which one they believe: then all of them say the same. */
function renamed(bytes: Buffer, places: readonly ByteRange[], model: string | undefined, upstreamName: string, written: string): Buffer {
  if (model === undefined || (upstreamName === model && places.length <= 1)) return bytes;
  return replaceRanges(bytes, places, written);
}
