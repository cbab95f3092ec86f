/** Streams of chat completions, whatever they are, in other dialects. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { GatewayError } from '../../../../src/gateway/gatewayError.ts';
import { ChatReader } from '../../../../src/gateway/translation/chatReader.ts';
import { translatedDialect } from '../../../../src/gateway/translation/dialects.ts';
import { StreamTranslator } from '../../../../src/gateway/translation/streamTranslator.ts';
import { chunkOf, usage } from '../../../support/chatServer.ts';
import { holdsFor } from '../../../support/property.ts';

interface Event {
  readonly [field: string]: unknown;
  readonly type: string;
}

const end = `${chunkOf({}, 'stop')}data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`;

function translatorTo(path: string): StreamTranslator {
  let ids = 0;
  const newId = (prefix: string): string => `${prefix}${++ids}`;
  const dialect = translatedDialect(path);
  assert.ok(dialect);
  return new StreamTranslator(new ChatReader(() => newId('call_')), dialect.stream({ request: { model: 'one' }, createdAt: 1, newId }));
}

/** The text that comes of the bytes, cut before each of these places. */
function translated(path: string, bytes: Buffer, cuts: readonly number[] = []): string {
  const translator = translatorTo(path);
  const places = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
  const pieces = places.slice(1).map((to, index) => bytes.subarray(places[index], to));
  return pieces.map((piece) => translator.add(piece)).join('') + translator.end();
}

function eventsIn(text: string): Event[] {
  const events: Event[] = [];
  createParser({
    onEvent: ({ event, data }) => {
      const parsed = JSON.parse(data) as Event;
      assert.equal(parsed.type, event);
      events.push(parsed);
    },
  }).feed(text);
  return events;
}

const text = fc.string({ unit: 'grapheme', minLength: 0, maxLength: 8 });
/** Texts, thoughts, and calls, of which some come in pieces; two may be written at once. */
const deltas = fc.array(
  fc.oneof(
    fc.record({ content: text }),
    fc.record({ reasoning_content: text }),
    fc.record({ reasoning: text }),
    fc.record({ refusal: text }),
    fc.record({ content: fc.constant(null) }),
    fc.constant({}),
    fc.record({ tool_calls: fc.constant('call' as const), arguments: fc.dictionary(text, text), isSplit: fc.boolean() }),
    fc.record({ tool_calls: fc.constant('two' as const), arguments: fc.dictionary(text, text), isSplit: fc.boolean() }),
  ),
  { maxLength: 12 },
);

interface Said {
  text: string;
  reasoning: string;
  readonly calls: [id: string, input: string][];
}

/** As a server writes them, and what they say. */
function written(all: typeof deltas extends fc.Arbitrary<infer T> ? T : never): { readonly bytes: Buffer; readonly said: Said } {
  const said: Said = { text: '', reasoning: '', calls: [] };
  let stream = '';
  let count = 0;
  for (const delta of all) {
    if ('tool_calls' in delta) {
      const input = JSON.stringify(delta.arguments);
      const half = Math.ceil(input.length / 2);
      const numbers = delta.tool_calls === 'two' ? [count, count + 1] : [count];
      const begin = numbers.map((index) => ({ index, id: `c${index}`, function: { name: `f${index}`, arguments: input.slice(0, half) } }));
      const rest = numbers.map((index) => ({ index, function: { arguments: input.slice(half) } }));
      if (delta.isSplit) stream += chunkOf({ tool_calls: begin }) + chunkOf({ tool_calls: rest });
      else for (const [at, piece] of begin.entries()) stream += chunkOf({ tool_calls: [piece] }) + chunkOf({ tool_calls: [rest[at]] });
      for (const index of numbers) said.calls.push([`c${index}`, input]);
      count += numbers.length;
      continue;
    }
    const { content, reasoning_content, reasoning, refusal } = delta as Record<string, string | null | undefined>;
    said.text += (content ?? '') + (refusal ?? '');
    said.reasoning += reasoning_content ?? reasoning ?? '';
    stream += chunkOf(delta);
  }
  return { bytes: Buffer.from(stream + end), said };
}

/** Throws where it is no stream of Anthropic's; what it says. */
function messageIn(events: readonly Event[]): Said {
  const said: Said = { text: '', reasoning: '', calls: [] };
  let open: number | undefined;
  let next = 0;
  assert.deepEqual([events[0]?.type, events.at(-2)?.type, events.at(-1)?.type], ['message_start', 'message_delta', 'message_stop']);
  for (const event of events.slice(1, -2)) {
    if (event.type === 'content_block_start') {
      assert.equal(open, undefined, 'one block is open at a time');
      assert.equal(event['index'], next);
      open = next++;
      const { type, id } = event['content_block'] as { type: string; id: string };
      if (type === 'tool_use') said.calls.push([id, '']);
      continue;
    }
    assert.equal(event['index'], open);
    if (event.type === 'content_block_stop') open = undefined;
    else {
      const delta = event['delta'] as Record<string, string | undefined>;
      said.text += delta['text'] ?? '';
      said.reasoning += delta['thinking'] ?? '';
      const last = said.calls.at(-1);
      if (last) last[1] += delta['partial_json'] ?? '';
    }
  }
  assert.equal(open, undefined, 'each block is stopped');
  return said;
}

/** Throws where it is no stream of OpenAI's; what it says. */
function responseIn(events: readonly Event[]): Said {
  const said: Said = { text: '', reasoning: '', calls: [] };
  assert.deepEqual(
    events.map((event) => event['sequence_number']),
    [...events.keys()],
  );
  assert.deepEqual(
    events.slice(0, 2).map(({ type }) => type),
    ['response.created', 'response.in_progress'],
  );
  const done: unknown[] = [];
  let open: number | undefined;
  for (const event of events.slice(2, -1)) {
    if (event.type === 'response.output_item.added') {
      assert.equal(open, undefined, 'one item is open at a time');
      assert.equal(event['output_index'], done.length);
      open = done.length;
      const { type, call_id: id } = event['item'] as { type: string; call_id: string };
      if (type === 'function_call') said.calls.push([id, '']);
    }
    assert.equal(event['output_index'], open);
    const delta = String(event['delta'] ?? '');
    const last = said.calls.at(-1);
    if (event.type === 'response.output_text.delta' || event.type === 'response.refusal.delta') said.text += delta;
    else if (event.type === 'response.reasoning_text.delta') said.reasoning += delta;
    else if (event.type === 'response.function_call_arguments.delta' && last) last[1] += delta;
    if (event.type !== 'response.output_item.done') continue;
    done.push(event['item']);
    open = undefined;
  }
  const last = events.at(-1);
  assert.equal(last?.type, 'response.completed');
  assert.deepEqual((last['response'] as { output: unknown[] }).output, done);
  return said;
}

describe('a stream of chat completions', () => {
  const dialects = [
    { path: '/v1/messages', read: messageIn },
    { path: '/v1/responses', read: responseIn },
  ];
  for (const { path, read } of dialects) {
    it(`is well formed in ${path}, and says the same`, async () => {
      await holdsFor(deltas, (all) => {
        const { bytes, said } = written(all);
        assert.deepEqual(read(eventsIn(translated(path, bytes))), said);
      });
    });

    it(`becomes the same in ${path} wherever it is cut`, async () => {
      await holdsFor(fc.tuple(deltas, fc.array(fc.nat(), { maxLength: 20 })), ([all, cuts]) => {
        const { bytes } = written(all);
        assert.equal(translated(path, bytes, cuts), translated(path, bytes));
      });
    });

    it(`ends in ${path} with one error, whatever the server sends`, async () => {
      await holdsFor(fc.array(fc.oneof(fc.string(), fc.json(), fc.constant('[DONE]'))), (lines) => {
        const bytes = Buffer.from(`${chunkOf({ content: 'a' })}${lines.map((line) => `data: ${line}\n\n`).join('')}`);
        const events = eventsIn(translated(path, bytes));
        const isOver = (type: string): boolean => ['error', 'message_stop', 'response.completed'].includes(type);
        assert.deepEqual(
          events.map(({ type }) => isOver(type)),
          [...events.slice(1).map(() => false), true],
        );
      });
    });
  }

  it('has an end where its last event has no empty line behind it', () => {
    const events = eventsIn(translated('/v1/messages', Buffer.from(chunkOf({ content: 'a' }, 'stop').trimEnd())));
    assert.equal(events.at(-1)?.type, 'message_stop');
  });

  it('keeps a client waiting for nothing: each piece is told as it comes', () => {
    const translator = translatorTo('/v1/messages');
    assert.match(translator.add(Buffer.from(chunkOf({ role: 'assistant', content: 'a' }))), /"text_delta","text":"a"/);
    assert.match(translator.add(Buffer.from(': still there\n\n')), /^event: ping\n/);
    const begun = { tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: '{"a' } }] };
    assert.match(translator.add(Buffer.from(chunkOf(begun))), /"partial_json":"\{\\"a"/);
  });

  it('says no more after a problem, and nothing twice', () => {
    const translator = translatorTo('/v1/responses');
    translator.add(Buffer.from(chunkOf({ content: 'a' })));
    assert.match(translator.fail(new GatewayError(502, 'gone')), /event: response\.failed\n.*event: error\n.*"message":"gone"/s);
    assert.deepEqual(
      [translator.add(Buffer.from(chunkOf({ content: 'b' }))), translator.end(), translator.fail(new GatewayError(502, 'x'))],
      ['', '', ''],
    );
    assert.equal(translator.problem?.message, 'gone');
  });

  it('is refused where a call goes on after the text behind it', () => {
    const piece = (args: string) => chunkOf({ tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: args } }] });
    const text = translated('/v1/messages', Buffer.from(piece('{"a') + chunkOf({ content: 'b' }) + piece('":1}') + end));
    assert.match(text, /event: error\n.*The server went on with its call of 'f' after it had said something else\./);
  });
});
