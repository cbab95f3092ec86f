import type { ServerResponse } from 'node:http';
import { errorTextIn } from '../protocol/errors.ts';
import { asRecord } from '../protocol/jsonFields.ts';
import type { TranslatedPath } from '../protocol/models.ts';
import { parseJsonExactly } from './parseJson.ts';
import { countTokens } from './translation/countTokens.ts';
import { translatedDialect } from './translation/dialects.ts';
import type { Fields } from './translation/fields.ts';
import { InvalidRequestError } from './translation/invalidRequestError.ts';
import { TranslatedAnswer } from './translation/translatedAnswer.ts';
import { mayMeanNoPath, NoSuchPathError, type ProxyResult, proxyRequest, type UpstreamRequest } from './upstreamExchange.ts';

const chatPath = '/v1/chat/completions';
const countPath = '/v1/messages/count_tokens';

export interface ModelExchangeRequest extends UpstreamRequest {
  /** Paths that are translated whether the server has them or not. */
  readonly translate?: readonly TranslatedPath[] | undefined;
}

/**
 * Sends requests in the dialect of their clients, and those of Anthropic's messages and OpenAI's responses as chat completions where a server has no such path: that is
 * found out by the first one, and remembered for as long as the server is connected to.
 */
export class ModelExchange {
  /** Paths that a server does not have, by its connections. */
  readonly #missing = new WeakMap<object, Set<string>>();

  /** See {@link proxyRequest}. @throws InvalidRequestError, too, where the request cannot be translated. */
  async run(request: ModelExchangeRequest, response: ServerResponse): Promise<ProxyResult> {
    const path = request.path.split('?', 1)[0] ?? '';
    const { body, lease, translate } = request;
    const dialect = translatedDialect(path);
    if (!Buffer.isBuffer(body) || (!dialect && path !== countPath)) return await proxyRequest(request, response);
    const missing = this.#missing.get(lease.connections) ?? new Set();
    this.#missing.set(lease.connections, missing);
    const isForced = translate?.some((one) => path === `/v1/${one}`) ?? false;
    if (!isForced && !missing.has(path)) {
      try {
        return await proxyRequest({ ...request, isNoSuchPath: (text) => !namesSomething(text, fieldsOf(body)) }, response);
      } catch (error) {
        if (!(error instanceof NoSuchPathError)) throw error;
      }
    }
    const fields = fieldsOf(body);
    if (!dialect) {
      const counted = await countTokens(fields, request, response);
      missing.add(path);
      return counted;
    }
    const writer = new TranslatedAnswer(response, { dialect, body: fields, keepAlive: request.keepAlive });
    const headers = { ...request.headers, 'content-type': 'application/json' };
    const translated = { ...request, path: chatPath, headers, body: Buffer.from(JSON.stringify(dialect.request(fields))) };
    const result = await proxyRequest(translated, response, writer);
    // One that has neither path may be asked for what it does not have.
    if (!isForced && writer.status > 0 && !mayMeanNoPath.has(writer.status)) missing.add(path);
    return result;
  }
}

/** @throws InvalidRequestError for a form. */
function fieldsOf(body: Buffer): Fields {
  try {
    return asRecord(parseJsonExactly(body));
  } catch {
    throw new InvalidRequestError('A request that the server of this model does not know has to be JSON, so that it can be translated.');
  }
}

/** Whether an error is about the model, or an earlier response, and not about the path: servers quote what they do not have. */
function namesSomething(text: string, { model, previous_response_id: earlier }: Fields): boolean {
  const message = errorTextIn(text);
  return [model, earlier].some(
    (name) => typeof name === 'string' && ['`', "'", '"'].some((mark) => message.includes(`${mark}${name}${mark}`)),
  );
}
