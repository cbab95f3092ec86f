/** Answers of servers as they are, not as OpenAI's reference has them. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import type { ToolCall } from '../../../src/client/chatAnswer.ts';
import { RefusedError, streamChat } from '../../../src/client/chatStream.ts';

interface Outcome {
  readonly text: string;
  readonly calls: readonly (readonly [string, string, string])[];
  readonly problem: string | undefined;
}

async function ask(
  body: string,
  type = 'text/event-stream',
  status = 200,
  headers: Record<string, string> = {},
): Promise<Outcome & { readonly waiting: readonly string[] }> {
  const server = createServer((_request, response) => response.writeHead(status, { 'Content-Type': type, ...headers }).end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let text = '';
  const calls: ToolCall[] = [];
  const waiting: string[] = [];
  const listener = {
    onText: (more: string) => {
      text += more;
    },
    onToolCall: (call: ToolCall) => void calls.push(call),
    onWaiting: (state: string) => void waiting.push(state),
  };
  const problem = await streamChat({ url, token: 'x', client: 'test' }, { model: 'm' }, listener).then(
    () => undefined,
    (error: unknown) => (error as Error).message,
  );
  server.close();
  server.closeAllConnections();
  return { text, calls: calls.map(({ id, name, arguments: given }) => [id, name, given] as const), problem, waiting };
}

interface Thought {
  readonly order: readonly string[];
  readonly error: unknown;
}

/** What is thought and said, in its order, and how it has ended. */
async function thoughtBy(body: string, type: string, status = 200): Promise<Thought> {
  const server = createServer((_request, response) => response.writeHead(status, { 'Content-Type': type }).end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const order: string[] = [];
  const listener = {
    onText: (text: string) => void order.push(`says ${text}`),
    onReasoning: (text: string) => void order.push(`thinks ${text}`),
  };
  const error = await streamChat({ url, token: 'x', client: 'test' }, { model: 'm' }, listener).then(
    () => undefined,
    (problem: unknown) => problem,
  );
  server.close();
  server.closeAllConnections();
  return { order, error };
}

const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const delta = (value: object): string => event({ choices: [{ index: 0, delta: value }] });
const tools = (...calls: readonly object[]): string => delta({ tool_calls: calls });
const called = (name: string, given: unknown) => ({ function: { name, arguments: given } });
const done = 'data: [DONE]\n\n';

describe('an answer', () => {
  const two: Outcome = {
    text: '',
    calls: [
      ['call_1', 'a', '{"x":1}'],
      ['call_2', 'b', '{"y":2}'],
    ],
    problem: undefined,
  };
  const named: Outcome = {
    ...two,
    calls: [
      ['i', 'a', '{"x":1}'],
      ['j', 'b', '{"y":2}'],
    ],
  };
  const said: Outcome = { text: 'hello', calls: [], problem: undefined };
  const failed = (problem: string, text = ''): Outcome => ({ text, calls: [], problem });
  const cases: [string, string, Outcome, string?, number?][] = [
    ['with null for the calls', delta({ content: 'hello', tool_calls: null }) + done, said],
    [
      'with null for everything else',
      event({ choices: null }) + event({ choices: [null] }) + delta({ content: 'hello' }) + delta({ content: null }),
      said,
    ],
    ['with empty events', `data:\n\n${delta({ content: 'hel' })}data: \n\n${delta({ content: 'lo' })}${done}`, said],
    ['with null for its error', event({ error: null, choices: [{ delta: { content: 'hello' } }] }), said],
    ['with parts of content', delta({ content: [{ type: 'text', text: 'hel' }, { text: 'lo' }] }), said],
    ['that is one JSON object', JSON.stringify({ choices: [{ message: { content: 'hello' } }] }), said, 'application/json'],
    ['that is one JSON object, as an event', event({ choices: [{ message: { content: 'hello' } }] }), said],
    [
      'with calls, as one JSON object',
      JSON.stringify({ choices: [{ message: { content: null, tool_calls: [called('a', '{"x":1}'), called('b', { y: 2 })] } }] }),
      two,
      'application/json',
    ],
    [
      'with calls that have numbers',
      tools({ index: 0, ...called('a', '{"x"') }, { index: 1, ...called('b', '{"y"') }) +
        tools({ index: 0, function: { arguments: ':1}' } }) +
        tools({ index: 1, function: { arguments: ':2}' } }),
      two,
    ],
    [
      'with calls that all have the number 0',
      tools({ index: 0, id: 'i', ...called('a', '{"x":1}') }) + tools({ index: 0, id: 'j', ...called('b', '{"y":2}') }),
      named,
    ],
    [
      'with calls that all have the number 0, in one event',
      tools({ index: 0, ...called('a', '{"x":1}') }, { index: 0, ...called('b', '{"y":2}') }),
      two,
    ],
    [
      'with calls that all have the number 0, in pieces',
      tools({ index: 0, id: 'i', ...called('a', '{"x"') }) +
        tools({ index: 0, function: { arguments: ':1}' } }) +
        tools({ index: 0, id: 'j', ...called('b', '{"y"') }) +
        tools({ index: 0, function: { arguments: ':2}' } }),
      named,
    ],
    ['with calls without numbers', tools({ id: 'i', ...called('a', '{"x":1}') }, { id: 'j', ...called('b', '{"y":2}') }), named],
    ['with calls without numbers and names of their own', tools(called('a', '{"x":1}')) + tools(called('b', '{"y":2}')), two],
    [
      'with calls that repeat their id',
      tools({ index: 0, id: 'i', ...called('a', '') }) +
        tools({ index: 0, id: 'i', function: { arguments: '{"x":1}' } }) +
        tools({ index: 1, id: 'j', ...called('b', '{"y":2}') }),
      named,
    ],
    ['with an error that is no JSON', `${delta({ content: 'hel' })}event: error\ndata: out of memory\n\n`, failed('out of memory', 'hel')],
    ['with an error that says nothing', 'event: error\ndata:\n\n', failed('The server reported an error, and did not say which.')],
    ['with an error as a text', event({ error: 'out of memory' }), failed('out of memory')],
    ['with an error that has a message', event({ error: { message: 'out of memory' } }), failed('out of memory')],
    ['with an error as one JSON object', '{"error":{"message":"out of memory"}}', failed('out of memory'), 'application/json'],
    ['that is no JSON', 'data: oops\n\n', failed('The server sent something that is not JSON: oops')],
    ['that is a page', '<html>', failed('The server sent something that is not JSON: <html>'), 'text/html'],
    ['that is nothing', '', failed('The server answered with nothing.')],
    ['that is refused', '{"error":{"message":"no such model"}}', failed('no such model'), 'application/json', 404],
  ];
  for (const [what, body, expected, type, status] of cases)
    it(what, async () => {
      const { waiting: _, ...outcome } = await ask(body, type, status);
      assert.deepEqual(outcome, expected);
    });

  it('tells what the model does before it comes', async () => {
    const { text, waiting } = await ask(`: loading\n\n: loading 40 %\n\n${delta({ content: 'hello' })}${done}`);
    assert.deepEqual([text, waiting], ['hello', ['loading', 'loading 40 %']]);
  });

  it('tells which model has answered instead', async () => {
    const { waiting } = await ask(`${delta({ content: 'hello' })}${done}`, undefined, 200, { 'X-Tree-Warden-Model': 'other' });
    assert.deepEqual(waiting, ['replaced by other']);
  });
});

describe('what a model thinks', () => {
  const whole = (message: object): string => JSON.stringify({ choices: [{ message }] });
  const cases: [string, string, string][] = [
    ['by llama-server’s name, in pieces', delta({ reasoning_content: 'so' }) + delta({ content: 'yes' }) + done, 'text/event-stream'],
    ['by the name that vLLM and OpenRouter have', delta({ reasoning: 'so', content: '' }) + delta({ content: 'yes' }), 'text/event-stream'],
    [
      'by both names, which say the same',
      delta({ reasoning: 'so', reasoning_content: 'so' }) + delta({ content: 'yes' }),
      'text/event-stream',
    ],
    ['in one JSON object', whole({ reasoning_content: 'so', content: 'yes' }), 'application/json'],
  ];
  for (const [what, body, type] of cases)
    it(`is told apart from what it says: ${what}`, async () =>
      assert.deepEqual(await thoughtBy(body, type), { order: ['thinks so', 'says yes'], error: undefined }));
});

describe('an answer that is refused', () => {
  it('has the status of HTTP beside its message', async () => {
    const { error } = await thoughtBy('{"error":{"message":"too many"}}', 'application/json', 429);
    assert.ok(error instanceof RefusedError);
    assert.deepEqual([error.status, error.message], [429, 'too many']);
  });
});
