import { request } from 'undici';
import { errorTextIn } from '../../protocol/errors.ts';
import type { LoadRequest } from '../../protocol/models.ts';

/** So many characters of a refusal are told. */
const quotedLength = 500;

/**
 * Asks a server that loads a model when it is asked to, and waits for as long as that takes. Resolves with why it will not, as a clause behind
 * "its server"; with undefined when it has.
 * @throws Error of the connection, where there is no answer.
 */
export async function requestLoad(port: number, { path, body, whenMissing }: LoadRequest): Promise<string | undefined> {
  const answer = await request(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const said = await answer.body.text();
  if (answer.statusCode < 400) return undefined;
  const refusal = `answered ${answer.statusCode}: ${errorTextIn(said).slice(0, quotedLength)}`;
  return answer.statusCode === 404 && whenMissing !== undefined ? `${refusal}. ${whenMissing}` : refusal;
}
