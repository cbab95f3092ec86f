/** What a model server says of its model. */
import type { Dispatcher } from 'undici';
import { asRecord, listIn } from '../protocol/jsonFields.ts';
import { type Capability, capabilities, type FactRequest, type ModelFacts } from '../protocol/modelFacts.ts';

/** Time that a server has for each answer, in milliseconds. */
const answerMillis = 5000;
/** Of an answer, in bytes; that of /props has the template of the chat in it. */
const maxAnswer = 4 * 2 ** 20;

/** What it does not answer, or not in words that are known, is left out. */
export async function askFacts(connections: Dispatcher, requests: readonly FactRequest[]): Promise<ModelFacts> {
  let facts: ModelFacts = {};
  for (const request of requests) facts = mergeFacts(facts, factsIn(await answerTo(connections, request)));
  return facts;
}

async function answerTo(connections: Dispatcher, { path, body }: FactRequest): Promise<unknown> {
  try {
    const signal = AbortSignal.timeout(answerMillis);
    const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const answer = await connections.request({ path, method: body === undefined ? 'GET' : 'POST', signal, ...sent });
    let text = '';
    for await (const chunk of answer.body.setEncoding('utf8')) {
      text += chunk;
      if (text.length > maxAnswer) return undefined;
    }
    return answer.statusCode === 200 ? JSON.parse(text) : undefined;
  } catch {
    return undefined; // It has no such path, has just ended, or speaks other words.
  }
}

/** The later ones count; what any of them can do, it can do. */
export function mergeFacts(earlier: ModelFacts, later: ModelFacts): ModelFacts {
  const both = new Set([...(earlier.capabilities ?? []), ...(later.capabilities ?? [])]);
  return { ...earlier, ...later, ...(both.size > 0 && { capabilities: capabilities.filter((one) => both.has(one)) }) };
}

/**
 * By the answers of llama-server (`/props`, `/v1/models`: tools/server/README.md), vLLM (`/v1/models`: `max_model_len`) and Ollama (`/api/show`, `/api/ps`:
 * docs/api.md). Whatever else a server answers, there is nothing in it.
 */
export function factsIn(answer: unknown): ModelFacts {
  const [listed] = listIn(at(answer, 'data')).concat(listIn(at(answer, 'models')));
  const sizes = [
    at(answer, 'default_generation_settings', 'n_ctx'),
    at(listed, 'meta', 'n_ctx'),
    at(listed, 'max_model_len'),
    at(listed, 'context_length'),
  ];
  const info = Object.entries(asRecord(at(answer, 'model_info')));
  const trained = [at(listed, 'meta', 'n_ctx_train'), info.find(([key]) => key.endsWith('.context_length'))?.[1]];
  const contextSize = sizes.find(isCount);
  const trainedContext = trained.find(isCount);
  const sizeBytes = [at(listed, 'meta', 'size'), at(listed, 'size')].find(isCount);
  const able = capabilitiesIn(answer, listed);
  return {
    ...(contextSize !== undefined && { contextSize }),
    ...(trainedContext !== undefined && { trainedContext }),
    ...(sizeBytes !== undefined && { sizeBytes }),
    ...(able.length > 0 && { capabilities: able }),
  };
}

function capabilitiesIn(answer: unknown, listed: unknown): Capability[] {
  const named = new Set([...listIn(at(answer, 'capabilities')), ...listIn(at(listed, 'capabilities'))]);
  const modalities = new Set(listIn(at(listed, 'architecture', 'input_modalities')));
  const tools = ['supports_tools', 'supports_tool_calls'].map((key) => at(answer, 'chat_template_caps', key));
  const found: Record<Capability, boolean> = {
    // One whose template says of tools that it has none of them answers chats all the same.
    completion: named.has('completion') || tools.some((one) => typeof one === 'boolean'),
    tools: named.has('tools') || tools.includes(true),
    vision: named.has('vision') || modalities.has('image') || at(answer, 'modalities', 'vision') === true,
    audio: named.has('audio') || modalities.has('audio') || at(answer, 'modalities', 'audio') === true,
    thinking: named.has('thinking'),
    embedding: named.has('embedding'),
    reranking: named.has('reranking'),
  };
  return capabilities.filter((one) => found[one]);
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (Object.hasOwn(asRecord(inner), key) ? asRecord(inner)[key] : undefined), value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
