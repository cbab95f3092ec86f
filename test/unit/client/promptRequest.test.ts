/** What the playground sends. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { promptRequest } from '../../../src/client/promptRequest.ts';
import { maxImageBytes, maxImages, maxPromptLength } from '../../../src/protocol/modelPages.ts';

const prompt = { model: 'm', system: '', text: 'hello', images: [] };
const image = 'data:image/png;base64,AAAA';

describe('a prompt', () => {
  it('is a text alone where there is nothing else', () => {
    assert.deepEqual(promptRequest(prompt), {
      model: 'm',
      messages: [{ role: 'user', content: 'hello' }],
      stream_options: { include_usage: true },
    });
  });

  it('has its images behind its text, and what is set beside it', () => {
    assert.deepEqual(promptRequest({ ...prompt, system: 'be brief', images: [image], temperature: 0, maxTokens: 5 }), {
      model: 'm',
      messages: [
        { role: 'system', content: 'be brief' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'hello' },
            { type: 'image_url', image_url: { url: image } },
          ],
        },
      ],
      stream_options: { include_usage: true },
      temperature: 0,
      max_tokens: 5,
    });
  });

  const wrong: readonly (readonly [string, object, RegExp])[] = [
    ['too long', { text: 'x'.repeat(maxPromptLength + 1) }, /200000 characters at most/],
    ['of too many images', { images: Array.from({ length: maxImages + 1 }, () => image) }, /4 images at most/],
    ['with an address in the place of an image', { images: ['http://127.0.0.1/x.png'] }, /PNG, a JPEG, a GIF or a WebP/],
    ['with a page in the place of an image', { images: ['data:text/html;base64,AAAA'] }, /PNG, a JPEG/],
    ['with an image that is too large', { images: [`data:image/png;base64,${'A'.repeat(maxImageBytes * 1.5)}`] }, /8 MB at most/],
  ];
  for (const [what, changes, problem] of wrong)
    it(`is refused where it is ${what}`, () => assert.throws(() => promptRequest({ ...prompt, ...changes }), problem));
});
