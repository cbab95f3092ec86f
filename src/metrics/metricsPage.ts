import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { LoopbackServer } from '../loopback/server.ts';
import { errorText } from '../protocol/errors.ts';
import { contentType } from '../protocol/metrics.ts';

/** No client shows a token here: a connection lasts as long as a scrape may take, and there are no more than a few. */
const limits = { count: 16, deadlineMillis: 30_000 } as const;
/** Milliseconds that a request may take to arrive. */
const requestMillis = 10_000;
/** Shortest time between two measurements, in milliseconds: scrapes that come faster wait, so that they do not make the warden look more often. */
const pauseMillis = 200;

/** Serves metrics at `http://127.0.0.1:port/metrics`, to every process of this machine. */
export class MetricsPage {
  readonly #measure: () => Promise<string>;
  #server: LoopbackServer | undefined;
  /** Resolves when another measurement may begin. */
  #isFree: Promise<unknown> = Promise.resolve();
  /** The measurement that has not begun. */
  #next: Promise<string> | undefined;

  constructor(measure: () => Promise<string>) {
    this.#measure = measure;
  }

  /** @throws Error where the port cannot be listened on. */
  async listen(port: number): Promise<void> {
    this.#server = await LoopbackServer.listen({
      port,
      limits,
      requestMillis,
      serve: (request, response) => this.#serve(request, response),
      refuse: (_request, response, { status, message }) => response.writeHead(status).end(`${message}.\n`),
    });
  }

  close(): void {
    this.#server?.closeNow();
  }

  #serve({ method, url = '/' }: IncomingMessage, response: ServerResponse): void {
    if ((method !== 'GET' && method !== 'HEAD') || url.split('?')[0] !== '/metrics') {
      response.writeHead(404).end('The metrics are at /metrics.\n');
      return;
    }
    this.#text().then(
      (text) => response.writeHead(200, { 'Content-Type': contentType }).end(text),
      (error: unknown) => response.writeHead(500).end(`${errorText(error)}\n`),
    );
  }

  /** Scrapes that come before a measurement begins share it. */
  #text(): Promise<string> {
    this.#next ??= this.#measureNext();
    return this.#next;
  }

  async #measureNext(): Promise<string> {
    await this.#isFree;
    // What is measured from here on may be older than a scrape that comes now.
    this.#next = undefined;
    const measuring = this.#measure();
    this.#isFree = Promise.allSettled([measuring, sleep(pauseMillis)]);
    return await measuring;
  }
}
