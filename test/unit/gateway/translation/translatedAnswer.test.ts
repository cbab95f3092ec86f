import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { GatewayError } from '../../../../src/gateway/gatewayError.ts';
import { translatedDialect } from '../../../../src/gateway/translation/dialects.ts';
import { TranslatedAnswer } from '../../../../src/gateway/translation/translatedAnswer.ts';
import { chunkOf } from '../../../support/chatServer.ts';

/** A response that says what it was told, and takes no more after each piece. */
class SlowResponse {
  text = '';
  head: readonly [status: number, headers: Readonly<Record<string, unknown>>] | undefined;
  isFlushed = false;
  writableEnded = false;

  get headersSent(): boolean {
    return this.head !== undefined;
  }

  writeHead(status: number, headers: Readonly<Record<string, unknown>>): this {
    this.head = [status, headers];
    return this;
  }

  flushHeaders(): void {
    this.isFlushed = true;
  }

  write(text: string): boolean {
    this.text += text;
    return false;
  }

  end(text: string): void {
    this.text += text;
    this.writableEnded = true;
  }
}

function answerTo(body: object, path = '/v1/messages'): { readonly response: SlowResponse; readonly answer: TranslatedAnswer } {
  const response = new SlowResponse();
  const dialect = translatedDialect(path);
  assert.ok(dialect);
  const request = { dialect, body: { model: 'one', ...body }, keepAlive: undefined };
  return { response, answer: new TranslatedAnswer(response as unknown as ServerResponse, request) };
}

const events = { 'content-type': 'text/event-stream; charset=utf-8' };

describe('a translated answer', () => {
  it('is as slow as its client, and its head does not wait for it', () => {
    const { response, answer } = answerTo({ stream: true });
    answer.start(200, { ...events, 'x-request-id': 'r', 'content-length': '5', 'transfer-encoding': 'chunked' });
    assert.ok(response.isFlushed);
    assert.deepEqual(response.head, [200, { 'x-request-id': 'r', 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' }]);
    const [half, rest] = [chunkOf({ content: 'a' }).slice(0, 9), chunkOf({ content: 'a' }).slice(9)];
    assert.equal(answer.write(Buffer.from(half)), true);
    assert.equal(answer.write(Buffer.from(rest)), false);
  });

  it('is given up where it cannot be read', () => {
    const { response, answer } = answerTo({ stream: true });
    answer.start(200, events);
    assert.throws(() => answer.write(Buffer.from('data: nonsense\n\n')), GatewayError);
    const { text } = response;
    assert.match(text, /^event: error\n/);
    answer.breakOff(new GatewayError(502, 'again'));
    assert.deepEqual([response.text, response.writableEnded, answer.failed], [text, true, true]);
  });

  it('keeps the status of an error, and when to come again', () => {
    const { response, answer } = answerTo({ stream: true });
    answer.start(429, { 'content-type': 'text/plain', 'retry-after': '7' });
    answer.write(Buffer.from('slow '));
    answer.write(Buffer.from('down'));
    answer.end();
    assert.deepEqual([response.head?.[0], response.head?.[1]['retry-after'], answer.failed], [429, '7', false]);
    assert.deepEqual(JSON.parse(response.text), { type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } });
  });

  const wholes: [what: string, text: string, status: number, expected: RegExp][] = [
    ['that is no JSON', '<html>', 502, /something that is no chat completion: <html>/],
    ['that is an error in spite of its status', '{"error":{"message":"no","code":429}}', 429, /"rate_limit_error","message":"no"/],
    ['that has no end', '{"choices":[{"message":{"content":"a"}}]}', 502, /ended its answer in the middle/],
    [
      'that calls a tool with nonsense',
      '{"choices":[{"message":{"tool_calls":[{"id":"c","function":{"name":"f","arguments":"[1"}}]},"finish_reason":"tool_calls"}]}',
      502,
      /called the tool 'f' with arguments that are no JSON object/,
    ],
  ];
  for (const [what, text, status, expected] of wholes)
    it(`${what} is an error of the server`, () => {
      const { response, answer } = answerTo({});
      answer.start(200, { 'content-type': 'application/json' });
      answer.write(Buffer.from(text));
      answer.end();
      assert.deepEqual([response.head?.[0], answer.failed], [status, true]);
      assert.match(response.text, expected);
    });

  it('has no arguments of a call that was cut off at the limit of tokens', () => {
    const { response, answer } = answerTo({});
    answer.start(200, {});
    const call = { id: 'c', function: { name: 'f', arguments: '{"a' } };
    answer.write(Buffer.from(JSON.stringify({ choices: [{ message: { content: null, tool_calls: [call] }, finish_reason: 'length' }] })));
    answer.end();
    const { content, stop_reason } = JSON.parse(response.text) as Record<string, unknown>;
    assert.deepEqual([content, stop_reason], [[{ type: 'tool_use', id: 'c', name: 'f', input: {} }], 'max_tokens']);
  });

  it('gives a call an id where the server has given it none', () => {
    const { response, answer } = answerTo({}, '/v1/responses');
    answer.start(200, {});
    const calls = ['f', 'g'].map((name) => ({ function: { name, arguments: { a: 1 } } }));
    answer.write(Buffer.from(JSON.stringify({ choices: [{ message: { tool_calls: calls }, finish_reason: 'stop' }] })));
    answer.end();
    const { output } = JSON.parse(response.text) as { output: readonly { call_id: string; name: string; arguments: string }[] };
    assert.deepEqual(
      output.map(({ name, arguments: given }) => [name, given]),
      [
        ['f', '{"a":1}'],
        ['g', '{"a":1}'],
      ],
    );
    assert.match(output[0]?.call_id ?? '', /^call_[0-9a-f]{24}$/);
    assert.notEqual(output[0]?.call_id, output[1]?.call_id);
  });
});
