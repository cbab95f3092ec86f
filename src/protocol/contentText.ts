import { asRecord, listIn } from './jsonFields.ts';

/** The text of a message in OpenAI’s words: it is one, or a list of parts of which some have one. */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  return listIn(content)
    .map((part) => asRecord(part)['text'])
    .filter((text) => typeof text === 'string')
    .join('');
}
