import { maxImageBytes, maxImages, maxPromptLength, type Prompt } from '../protocol/modelPages.ts';

/** As {@link maxImageBytes}, in base64, with what stands before it. */
const maxUrlLength = Math.ceil((maxImageBytes * 4) / 3) + 100;

/**
 * A prompt in OpenAI's words, with the usage at the end of its answer.
 * @throws Error where it is more than is sent.
 */
export function promptRequest({ model, system, text, images, temperature, maxTokens }: Prompt): object {
  if (system.length + text.length > maxPromptLength) throw new Error(`A prompt has ${maxPromptLength} characters at most.`);
  if (images.length > maxImages) throw new Error(`A prompt has ${maxImages} images at most.`);
  for (const url of images) {
    if (!/^data:image\/(?:png|jpeg|gif|webp);base64,/.test(url)) throw new Error('An image is a PNG, a JPEG, a GIF or a WebP.');
    if (url.length > maxUrlLength) throw new Error(`An image has ${maxImageBytes / 2 ** 20} MB at most.`);
  }
  const parts = [{ type: 'text', text }, ...images.map((url) => ({ type: 'image_url', image_url: { url } }))];
  return {
    model,
    messages: [
      ...(system === '' ? [] : [{ role: 'system', content: system }]),
      // Servers without images know a text only.
      { role: 'user', content: images.length === 0 ? text : parts },
    ],
    stream_options: { include_usage: true },
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
  };
}
