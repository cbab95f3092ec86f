import { errorTextIn } from '../protocol/errors.ts';
import type { LoadRequest } from '../protocol/models.ts';
import { connectionsTo } from './connections.ts';

/** Maximum length of a quoted refusal, in characters. */
const quotedLength = 500;

/**
 * Asks a server that loads a model when it is asked to, and waits for as long as that takes. Resolves with why it will not, as a clause behind
 * "its server"; with undefined when it has.
 * @throws Error of the connection, where there is no answer.
 */
export async function requestLoad(port: number, { path, body, whenMissing }: LoadRequest): Promise<string | undefined> {
  const connections = connectionsTo(port);
  try {
    const headers = { 'content-type': 'application/json' };
    const answer = await connections.request({ path, method: 'POST', headers, body: JSON.stringify(body) });
    const text = await answer.body.text();
    if (answer.statusCode < 400) return undefined;
    const refusal = `answered ${answer.statusCode}: ${errorTextIn(text).slice(0, quotedLength)}`;
    return answer.statusCode === 404 && whenMissing !== undefined ? `${refusal}. ${whenMissing}` : refusal;
  } finally {
    await connections.destroy();
  }
}
