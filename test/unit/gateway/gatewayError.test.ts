import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorBody, errorEvent, errorHeaders, GatewayError, loadFailure } from '../../../src/gateway/gatewayError.ts';

const statuses = Array.from({ length: 200 }, (_, index) => 400 + index);

describe('an error of the gateway', () => {
  it('has the fields and the types of OpenAI’s errors, whatever its status', () => {
    for (const status of statuses) {
      const body = JSON.parse(errorBody(new GatewayError(status, 'why'), 'openai')) as { error: Record<string, unknown> };
      assert.deepEqual(Object.keys(body), ['error']);
      const { message, type, param, code } = body.error;
      assert.deepEqual([message, typeof type, param, typeof code], ['why', 'string', null, 'string'], String(status));
      assert.equal(type === 'server_error', status >= 500 || status === 424, String(status));
    }
  });

  it('has the fields of Anthropic’s errors, whatever its status', () => {
    for (const status of statuses) {
      const { type, error } = JSON.parse(errorBody(new GatewayError(status, 'why'), 'anthropic')) as { type: string; error: object };
      assert.deepEqual([type, Object.keys(error)], ['error', ['type', 'message']], String(status));
    }
  });

  it('says what is wrong with which field', () => {
    const error = new GatewayError(404, 'why', { code: 'model_not_found', param: 'model' });
    assert.deepEqual(JSON.parse(errorBody(error, 'openai')), {
      error: { message: 'why', type: 'invalid_request_error', param: 'model', code: 'model_not_found' },
    });
  });

  it('of a model that cannot be loaded has a status that clients do not retry, and a header that says so', () => {
    const { status } = loadFailure('why');
    assert.ok(status < 500 && ![408, 409, 429].includes(status));
    assert.deepEqual(errorHeaders(loadFailure('why')), { 'X-Should-Retry': 'false' });
  });

  it('says when to come again', () => {
    assert.deepEqual(errorHeaders(new GatewayError(429, 'why', { retryAfterSeconds: 7 })), { 'Retry-After': '7' });
  });

  it('is one event of a stream', () => {
    assert.match(errorEvent(new GatewayError(502, 'a\nb'), 'openai'), /^\n\ndata: \{[^\n]*"a\\nb"[^\n]*\}\n\n$/);
  });
});
