/** Numbers of requests that are written again in other words. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseJsonExactly } from '../../../src/gateway/parseJson.ts';
import { messageFrom } from '../../../src/gateway/translation/messagesAnswer.ts';
import { chatFromMessages } from '../../../src/gateway/translation/messagesRequest.ts';
import { chatFromResponses } from '../../../src/gateway/translation/responsesRequest.ts';
import { holdsFor } from '../../support/property.ts';

const large = '12345678901234567891';
const hello = '{"role":"user","content":"hello"}';

describe('JSON that is written again', () => {
  it('has the integers that it was written with, however large they are', () =>
    holdsFor(fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }), async (number) => {
      const text = `{"a":[${number},{"b":${number}}],"c":"${number}"}`;
      assert.equal(JSON.stringify(parseJsonExactly(text)), text);
    }));

  it('is read as any other where a number is none of these', () => {
    for (const text of ['{"a":1,"b":[true,null,"x"]}', '0.12345678901234567', '1e400', '"1234567890123456789"', '9007199254740991'])
      assert.deepEqual(parseJsonExactly(Buffer.from(text)), JSON.parse(text), text);
    assert.deepEqual(parseJsonExactly(Buffer.from('\uFEFF{"a":1}')), { a: 1 });
    assert.throws(() => parseJsonExactly(`{"a":${large}`), SyntaxError);
  });
});

describe('a translated request', () => {
  const requests: [string, (body: never) => object, string][] = [
    [
      'of messages',
      chatFromMessages,
      `{"model":"m","max_tokens":5,"seed":${large},"messages":[${hello},{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"t","input":{"id":${large}}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":"done"}]}],"tools":[{"name":"t","input_schema":{"type":"object","properties":{"id":{"type":"integer","maximum":${large}}}}}]}`,
    ],
    [
      'of responses',
      chatFromResponses,
      `{"model":"m","seed":${large},"input":[${hello}],"tools":[{"type":"function","name":"t","parameters":{"type":"object","properties":{"id":{"maximum":${large}}}}}]}`,
    ],
  ];
  for (const [what, translate, text] of requests)
    it(`${what} has each large integer as it was written`, () => {
      const translated = JSON.stringify(translate(parseJsonExactly(text) as never));
      assert.equal(translated.split(large).length, text.split(large).length, translated);
    });

  it('is answered with the arguments that the model has written', () => {
    const head = { request: {}, createdAt: 0, newId: (prefix: string) => prefix };
    const usage = { input: 1, cached: 0, output: 1, reasoning: 0 };
    const pieces = [{ kind: 'call', id: '1', name: 't' } as const, { kind: 'arguments', text: `{"id":${large}}` } as const];
    assert.match(JSON.stringify(messageFrom(head, pieces, { reason: 'calls', usage })), new RegExp(`"input":\\{"id":${large}\\}`));
  });
});
