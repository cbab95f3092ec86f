/** Requests whose server breaks off. */
import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { GatewayError } from '../../../src/gateway/gatewayError.ts';
import type { Lease } from '../../../src/gateway/lease.ts';
import { proxyRequest } from '../../../src/gateway/upstreamExchange.ts';
import type { TreeId } from '../../../src/protocol/identity.ts';

/** Turns of the event loop in which an error is told that waits for nothing. */
const fewTurns = 20;

/** A request whose server has broken off, before or behind the beginning of its answer; `settled` is what it has ended with so far. */
function brokenOff(server: TreeId | undefined, hasBegun: boolean) {
  const lost = new AbortController();
  const controller = { abort: () => undefined } as unknown as Dispatcher.DispatchController;
  const dispatch = (_: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean => {
    handler.onRequestStart?.(controller, undefined);
    if (hasBegun) handler.onResponseStart?.(controller, 200, { 'content-type': 'text/event-stream' });
    handler.onResponseError?.(controller, new Error('other side closed'));
    return true;
  };
  const lease: Lease = {
    connections: { dispatch } as Dispatcher,
    lost: lost.signal,
    queueMillis: 0,
    loadMillis: 0,
    server,
    release: () => undefined,
  };
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  const request = { method: 'POST', path: '/v1/chat/completions', headers: {}, body: Buffer.from('{}'), lease, dialect: 'openai' as const };
  let settled: string | undefined;
  const proxied = proxyRequest({ ...request, gone: new AbortController().signal }, response).then(
    ({ failed }) => {
      settled = failed ? 'failed' : 'answered';
    },
    (error: Error) => {
      settled = error.message;
    },
  );
  return { lost, proxied, settled: () => settled };
}

async function severalTurns(): Promise<void> {
  for (let count = 0; count < fewTurns; count++) await turn();
}

describe('a request whose server breaks off', () => {
  const cases: [string, boolean, string][] = [
    ['before it has answered', false, 'The server broke off before it had answered: other side closed.'],
    ['in the middle of its answer', true, 'failed'],
  ];
  for (const [when, hasBegun, result] of cases) {
    it(`is told so at once where the server is elsewhere: ${when}`, async () => {
      const { settled } = brokenOff(undefined, hasBegun);
      await severalTurns();
      assert.equal(settled(), result);
    });

    it(`waits for the reason where the server is one of this machine: ${when}`, async () => {
      const { lost, proxied, settled } = brokenOff('one' as TreeId, hasBegun);
      await severalTurns();
      assert.equal(settled(), undefined);
      lost.abort(new GatewayError(502, 'It was killed.'));
      await proxied;
      assert.equal(settled(), hasBegun ? 'failed' : 'It was killed.');
    });
  }
});
