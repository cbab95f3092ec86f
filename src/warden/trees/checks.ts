import { lookup as lookUpName } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, type LookupFunction, type TcpNetConnectOpts } from 'node:net';
import { displayCommandLine } from '../../command/commandLine.ts';
import { errorText } from '../../protocol/errors.ts';
import type { Check } from '../../protocol/policies.ts';
import { localizable, type Text } from '../../protocol/texts.ts';
import { LongTimer } from '../../protocol/timers.ts';

/** Runs a command in the surroundings of a tree; answers with what is wrong, as a clause, or undefined where it ended with status 0. */
export type RunCommand = (argv: readonly [string, ...string[]], signal: AbortSignal) => Promise<Text | undefined>;

/** Asks once. Answers with what is wrong, as a clause; undefined where nothing is. What is printed is not asked for: it comes. */
export async function ask(check: Exclude<Check, { by: 'log' }>, timeoutMillis: number, run: RunCommand): Promise<Text | undefined> {
  const timeout = new AbortController();
  const { signal } = timeout;
  const timer = new LongTimer(() => timeout.abort(), timeoutMillis).unref();
  try {
    switch (check.by) {
      case 'http':
        return await askByHttp(check.url, attemptsIn(timeoutMillis), signal);
      case 'tcp':
        await connectOnce({ ...check, ...attemptsIn(timeoutMillis) }, signal);
        return undefined;
      case 'exec':
        return await run(check.argv, signal);
    }
  } catch (error) {
    const target = check.by === 'http' ? check.url : check.by === 'tcp' ? `${check.host}:${check.port}` : displayCommandLine(check.argv);
    return signal.aborted ? localizable('noAnswerIn', target, timeoutMillis) : localizable('because', target, problemOf(error));
  } finally {
    timer.cancel();
  }
}

/** All addresses of a name are tried in turn, the next one when the one before has failed or has not answered for this long. */
function attemptsIn(timeoutMillis: number) {
  const each = Math.max(10, Math.min(250, timeoutMillis / 2));
  return { lookup: lookUp, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: Math.floor(each) };
}

/** This machine is both of its loopback addresses, whatever its hosts file says: some servers listen on one only, some on the other. */
const lookUp: LookupFunction = (hostname, options, callback) => {
  if (!/(^|\.)localhost\.?$/i.test(hostname)) {
    lookUpName(hostname, options, callback);
    return;
  }
  const both = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ];
  // As a resolver does it, in a later turn.
  setImmediate(() => (options.all ? callback(null, both) : callback(null, '127.0.0.1', 4)));
};

/** What is wrong with each address, where several were tried; a machine without IPv6 has nothing to say about that. */
function problemOf(error: unknown): string {
  if (!(error instanceof AggregateError)) return errorText(error);
  const errors = error.errors as NodeJS.ErrnoException[];
  const relevant = errors.filter(({ code }) => code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT');
  const shown = (relevant.length > 0 ? relevant : errors) as readonly (NodeJS.ErrnoException & { readonly address?: string })[];
  const texts = shown.map(errorText);
  // Once where all say the same.
  return new Set(texts).size <= 1 ? (texts[0] ?? 'no answer') : shown.map(({ address }, index) => `${address}: ${texts[index]}`).join(', ');
}

/** Without following redirects: they are an answer. Certificates of development servers are their own. */
function askByHttp(url: string, attempts: ReturnType<typeof attemptsIn>, signal: AbortSignal): Promise<Text | undefined> {
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https:') ? httpsRequest : httpRequest;
    const asked = request(url, { ...attempts, signal, agent: false, rejectUnauthorized: false }, (response) => {
      const { statusCode = 0 } = response;
      response.destroy();
      resolve(statusCode >= 200 && statusCode < 400 ? undefined : localizable('answersStatus', url, statusCode));
    });
    asked.on('error', reject);
    asked.end();
  });
}

function connectOnce(options: TcpNetConnectOpts, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(options);
    const end = (settle: () => void): void => {
      socket.destroy();
      settle();
    };
    socket.once('connect', () => end(resolve));
    socket.once('error', (error) => end(() => reject(error)));
    signal.addEventListener('abort', () => end(() => reject(new Error('no answer'))), { once: true });
  });
}
