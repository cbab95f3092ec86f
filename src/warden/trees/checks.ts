import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { errorText } from '../../protocol/errors.ts';
import type { Check } from '../../protocol/policies.ts';

/** Runs a command in the surroundings of a tree; answers with what is wrong, as a clause, or undefined where it ended with status 0. */
export type RunCommand = (argv: readonly [string, ...string[]], signal: AbortSignal) => Promise<string | undefined>;

/** Asks once. Answers with what is wrong, as a clause; undefined where nothing is. What is printed is not asked for: it comes. */
export async function ask(check: Exclude<Check, { by: 'log' }>, timeoutMillis: number, run: RunCommand): Promise<string | undefined> {
  const signal = AbortSignal.timeout(timeoutMillis);
  try {
    switch (check.by) {
      case 'http':
        return await askByHttp(check.url, signal);
      case 'tcp':
        await connectOnce(check, signal);
        return undefined;
      case 'exec':
        return await run(check.argv, signal);
    }
  } catch (error) {
    const target = check.by === 'http' ? check.url : check.by === 'tcp' ? `${check.host}:${check.port}` : check.argv.join(' ');
    return signal.aborted ? `${target} has not answered in ${timeoutMillis} ms` : `${target}: ${errorText(error)}`;
  }
}

/** Without following redirects: they are an answer. Certificates of development servers are their own. */
function askByHttp(url: string, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https:') ? httpsRequest : httpRequest;
    const asked = request(url, { signal, agent: false, rejectUnauthorized: false }, (response) => {
      const { statusCode = 0 } = response;
      response.destroy();
      resolve(statusCode >= 200 && statusCode < 400 ? undefined : `${url} answers ${statusCode}`);
    });
    asked.on('error', reject);
    asked.end();
  });
}

function connectOnce({ host, port }: { readonly host: string; readonly port: number }, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const end = (settle: () => void): void => {
      socket.destroy();
      settle();
    };
    socket.once('connect', () => end(resolve));
    socket.once('error', (error) => end(() => reject(error)));
    signal.addEventListener('abort', () => end(() => reject(new Error('no answer'))), { once: true });
  });
}
