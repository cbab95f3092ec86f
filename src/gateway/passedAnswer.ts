import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { errorTextIn } from '../protocol/errors.ts';
import { type AnswerWriter, headersWithout, hopByHop } from './answerWriter.ts';
import { type Dialect, errorEvent, GatewayError } from './gatewayError.ts';
import type { KeepAlive } from './keepAlive.ts';

const notToClient: ReadonlySet<string> = new Set(hopByHop);
/** Maximum length of an error that is sent as an event, in characters. */
const maxErrorLength = 4000;
/** Maximum size of an answer that is sent as one event, in bytes. */
const maxEventBytes = 2 ** 26;

/** Passes an answer on as it is. */
export class PassedAnswer implements AnswerWriter {
  readonly #response: ServerResponse;
  readonly #dialect: Dialect;
  readonly #keepAlive: KeepAlive | undefined;
  #status = 0;
  #isStream = false;
  /** An error that has to be sent as an event, because the stream has already begun with keep-alive comments. */
  #problem: string | undefined;
  /** The chunks of an answer that is not a stream, although one was announced to the client. */
  #whole: Buffer[] | undefined;
  #wholeBytes = 0;

  constructor(response: ServerResponse, dialect: Dialect, keepAlive: KeepAlive | undefined) {
    this.#response = response;
    this.#dialect = dialect;
    this.#keepAlive = keepAlive;
  }

  get failed(): boolean {
    return this.#status >= 500 || this.#problem !== undefined;
  }

  start(status: number, headers: IncomingHttpHeaders): void {
    this.#status = status;
    this.#isStream = (headers['content-type'] ?? '').startsWith('text/event-stream');
    if (this.#response.headersSent) {
      // An answer that is not a stream is sent as one event, when it is complete.
      if (status >= 400) this.#problem = '';
      else if (!this.#isStream) this.#whole = [];
      this.#isStream = true;
    } else {
      this.#response.writeHead(status, headersWithout(headers, notToClient));
      // A stream's first event may be a long time away; that it is a stream is known now. The head of anything else goes along with its body.
      if (this.#isStream) this.#response.flushHeaders();
      else this.#keepAlive?.stop();
    }
  }

  write(chunk: Buffer): boolean {
    if (this.#problem !== undefined) {
      this.#problem = (this.#problem + chunk.toString()).slice(0, maxErrorLength);
      return true;
    }
    if (this.#whole) {
      this.#whole.push(chunk);
      this.#wholeBytes += chunk.length;
      if (this.#wholeBytes > maxEventBytes) throw new GatewayError(502, 'The server’s answer is too long to be sent as one event.');
      return true;
    }
    this.#keepAlive?.passed(chunk);
    return this.#response.write(chunk);
  }

  end(): void {
    if (this.#whole) this.#response.write(asEvent(Buffer.concat(this.#whole).toString()));
    this.#response.end(
      this.#problem === undefined ? undefined : errorEvent(new GatewayError(this.#status, errorTextIn(this.#problem)), this.#dialect),
    );
  }

  /** A stream of events gets one more event with the error; any other answer is cut off, so that the client notices. */
  breakOff(error: GatewayError): void {
    if (this.#isStream) this.#response.end(errorEvent(error, this.#dialect));
    else this.#response.destroy();
  }
}

/** An event may have several lines of data. */
function asEvent(text: string): string {
  return `${text
    .split(/\r\n|\r|\n/)
    .map((line) => `data: ${line}\n`)
    .join('')}\n`;
}
