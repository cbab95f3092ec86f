import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type TokenUsage, UsageExtractor } from '../../../src/gateway/usageExtractor.ts';
import { collectGarbage } from '../../support/collectGarbage.ts';
import { eventually } from '../../support/run.ts';

const event = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;
const filling = event({ choices: [{ delta: { content: 'x'.repeat(900) } }] }).repeat(100);
const usage = { prompt_tokens: 11, completion_tokens: 22, total_tokens: 33 };

function usageOf(contentType: string, text: string, pieceBytes: number): TokenUsage {
  const extractor = new UsageExtractor(contentType);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) extractor.add(bytes.subarray(at, at + pieceBytes));
  return extractor.usage();
}

describe('an error at the end of an answer', () => {
  const stream = 'text/event-stream';
  const said = event({ choices: [{ delta: { content: 'an error' } }], error: null });
  const cases: [string, string, string, boolean][] = [
    ['of OpenAI’s API', stream, `${filling}${event({ error: { code: 500, message: 'odd' } })}`, true],
    ['with the end behind it', stream, `${said}${event({ error: { message: 'odd' } })}data: [DONE]\n\n`, true],
    ['of Anthropic’s messages', stream, `${said}event: error\n${event({ type: 'error', error: { type: 'api_error' } })}`, true],
    ['of responses', stream, `${said}${event({ type: 'response.failed', response: { error: { message: 'odd' } } })}`, true],
    ['is not a field that is null, or a text that speaks of one', stream, `${said}data: [DONE]\n\n`, false],
    ['is not the result of responses that have none', stream, event({ type: 'response.completed', response: { error: null } }), false],
    ['is told by its status where it is no stream', 'application/json', JSON.stringify({ error: { message: 'odd' } }), false],
  ];
  for (const [what, type, text, expected] of cases)
    for (const pieceBytes of [7, 1e6])
      it(`${what}, in pieces of ${pieceBytes}`, () => {
        const extractor = new UsageExtractor(type);
        const bytes = Buffer.from(text);
        for (let at = 0; at < bytes.length; at += pieceBytes) extractor.add(bytes.subarray(at, at + pieceBytes));
        assert.equal(extractor.endsWithError(), expected);
      });
});

describe('what an answer says of tokens', () => {
  const stream = 'text/event-stream; charset=utf-8';
  const cases: [string, string, string, TokenUsage][] = [
    ['in a short answer', 'application/json', JSON.stringify({ choices: [], usage }), { inputTokens: 11, outputTokens: 22 }],
    [
      'at the end of a long answer',
      'application/json',
      JSON.stringify({ data: 'y'.repeat(100_000), usage: { ...usage, details: { cached_tokens: 3 } }, id: 'z' }),
      { inputTokens: 11, outputTokens: 22 },
    ],
    ['of embeddings', 'application/json', JSON.stringify({ data: [], usage: { prompt_tokens: 5, total_tokens: 5 } }), { inputTokens: 5 }],
    ['at the end of a stream', stream, `${filling}${event({ choices: [], usage })}data: [DONE]\n\n`, { inputTokens: 11, outputTokens: 22 }],
    [
      'at both ends of Anthropic’s stream',
      stream,
      `event: message_start\n${event({ type: 'message_start', message: { usage: { input_tokens: 7, output_tokens: 1 } } })}${filling}event: message_delta\n${event({ type: 'message_delta', usage: { output_tokens: 40 } })}`,
      { inputTokens: 7, outputTokens: 40 },
    ],
    [
      'in the last event of responses',
      stream,
      `${filling}${event({ type: 'response.completed', response: { usage: { input_tokens: 3, output_tokens: 4 } } })}`,
      { inputTokens: 3, outputTokens: 4 },
    ],
    [
      'of Anthropic’s messages, which leave out what is in its cache, or was put there',
      'application/json',
      JSON.stringify({
        usage: {
          input_tokens: 3,
          cache_read_input_tokens: 200,
          cache_creation_input_tokens: 10,
          cache_creation: { ephemeral_5m_input_tokens: 10 },
          output_tokens: 4,
        },
      }),
      { inputTokens: 213, cachedTokens: 200, outputTokens: 4 },
    ],
    [
      'of Anthropic’s stream with a cache',
      stream,
      `${event({ type: 'message_start', message: { usage: { input_tokens: 3, cache_read_input_tokens: 0, cache_creation_input_tokens: 90, output_tokens: 1 } } })}${filling}${event({ type: 'message_delta', usage: { output_tokens: 40 } })}`,
      { inputTokens: 93, cachedTokens: 0, outputTokens: 40 },
    ],
    [
      'of a request that was in the cache as a whole',
      'application/json',
      JSON.stringify({ usage: { input_tokens: 0, cache_read_input_tokens: 50, cache_creation_input_tokens: 0, output_tokens: 1 } }),
      { inputTokens: 50, cachedTokens: 50, outputTokens: 1 },
    ],
    [
      'in OpenAI’s words, with Anthropic’s beside them: they are in it already',
      'application/json',
      JSON.stringify({ usage: { prompt_tokens: 60, cache_read_input_tokens: 50, cache_creation_input_tokens: 4, completion_tokens: 1 } }),
      { inputTokens: 60, cachedTokens: 50, outputTokens: 1 },
    ],
    [
      'of responses, with those of the cache among them',
      'application/json',
      JSON.stringify({ usage: { input_tokens: 60, input_tokens_details: { cached_tokens: 50 }, output_tokens: 1 } }),
      { inputTokens: 60, cachedTokens: 50, outputTokens: 1 },
    ],
    ['nowhere', stream, filling, {}],
    ['in what is no JSON', 'text/plain', 'usage? none', {}],
    ['in nothing', 'application/json', '', {}],
  ];
  for (const [what, type, text, expected] of cases) {
    for (const pieceBytes of [7, 4096, 1e6])
      it(`${what}, in pieces of ${pieceBytes}`, () => assert.deepEqual(usageOf(type, text, pieceBytes), expected));
  }

  it('keeps little of a long answer', async () => {
    const extractor = new UsageExtractor(stream);
    const piece = Buffer.alloc(64 * 1024, 'x');
    const before = process.memoryUsage().arrayBuffers;
    for (let count = 0; count < 1000; count++) extractor.add(Buffer.from(piece));
    // V8 frees buffers on a thread of its own, after the collection.
    await eventually('what was passed on is freed', () => {
      collectGarbage();
      return process.memoryUsage().arrayBuffers - before < 2 ** 20;
    });
    assert.ok(extractor.firstAt !== undefined);
    assert.deepEqual(extractor.usage(), {});
  });
});
