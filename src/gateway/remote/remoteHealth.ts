import type { Dispatcher } from 'undici';
import { errorTextIn } from '../../protocol/errors.ts';
import type { RemoteUpstream } from '../../protocol/remoteModels.ts';
import { period } from '../../protocol/timers.ts';
import { GatewayError } from '../gatewayError.ts';
import { hostOf } from './remoteConnections.ts';

/** Time that the server has for an answer to a look, in milliseconds. */
const lookMillis = 15_000;
/** Of a list of models, in bytes: a longer one costs its connection. */
const maxDumped = 2 ** 20;
/** Of an answer that is quoted, in characters. */
const maxQuoted = 300;
/** Pause before the first look after something has gone wrong, and the longest one; each is twice the one before. In milliseconds. */
export const lookPauses = { first: 1000, longest: 60_000 } as const;
/** Status of an answer to a key that is wrong. */
const unauthorized = 401;
/** Asks for nothing that is charged for. */
const lookPath = '/v1/models';

/** How long to wait after so many looks that found a problem, in milliseconds. */
export function pauseAfter(failures: number): number {
  return Math.min(lookPauses.longest, lookPauses.first * 2 ** Math.min(failures, 30));
}

/**
 * Whether a server elsewhere answers. Requests say so as they go: it is looked at before the first one, and after one that went wrong, with growing pauses until it
 * answers again.
 */
export class RemoteHealth {
  readonly #remote: RemoteUpstream;
  readonly #onChange: (problem: string | undefined) => void;
  readonly #connections: () => Dispatcher;
  #problem: string | undefined;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  /** @param onChange Hears of each change, with what is wrong as a sentence. */
  constructor(remote: RemoteUpstream, connections: () => Dispatcher, onChange: (problem: string | undefined) => void) {
    this.#remote = remote;
    this.#connections = connections;
    this.#onChange = onChange;
  }

  /** A request was answered, with this status. */
  answered(status: number): void {
    if (isFine(status)) this.#found(undefined);
    else this.#lookSoon();
  }

  /** A request was not answered, or not to its end. */
  failed(reason: string): void {
    this.#found(`${hostOf(this.#remote)} did not answer: ${reason}.`);
    this.#lookSoon();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** Resolves with what is wrong, as a sentence. */
  async look(): Promise<string | undefined> {
    const problem = await this.#look();
    this.#found(problem);
    return problem;
  }

  async #look(): Promise<string | undefined> {
    const host = hostOf(this.#remote);
    try {
      const signal = AbortSignal.timeout(lookMillis);
      const answer = await this.#connections().request({ path: lookPath, method: 'GET', signal });
      // It is told so where it is not read to its end.
      answer.body.on('error', () => undefined);
      if (isFine(answer.statusCode)) {
        // The list is of no use here; read to its end, it leaves a connection behind for what is asked next.
        await answer.body.dump({ limit: maxDumped }).catch(() => undefined);
        return undefined;
      }
      const text = await beginningOf(answer.body);
      const what = answer.statusCode === unauthorized ? 'refuses the key' : 'cannot answer';
      return `${host} ${what} (${answer.statusCode})${text === '' ? '.' : `: ${text}`}`;
    } catch (error) {
      if (error instanceof GatewayError) return error.message;
      return `${host} did not answer within ${lookMillis / 1000} s.`;
    }
  }

  #found(problem: string | undefined): void {
    if (this.#isStopped) return;
    if (problem === undefined) {
      this.#failures = 0;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#onChange(problem);
  }

  #lookSoon(): void {
    if (this.#isStopped || this.#timer) return;
    const again = async (): Promise<void> => {
      const problem = await this.look();
      // A request that went wrong behind an answer that was well may have set another one meanwhile.
      if (this.#timer === timer) this.#timer = undefined;
      if (problem !== undefined) this.#lookSoon();
    };
    const timer = setTimeout(() => void again(), period(pauseAfter(this.#failures++))).unref();
    this.#timer = timer;
  }
}

/**
 * Also one that says that there is nothing at that path, that it may not be seen with this key, or that this was asked too often: it answers. Many have no list of models,
 * or have keys that may ask models and nothing else.
 */
function isFine(status: number): boolean {
  return status < 500 && status !== unauthorized;
}

async function beginningOf(body: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of body) {
    text += chunk.toString();
    if (text.length > maxQuoted * 10) break;
  }
  return errorTextIn(text).trim().slice(0, maxQuoted);
}
