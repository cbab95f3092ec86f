import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Route, routeOf } from '../../../../src/warden/gateway/routes.ts';

describe('a path of the gateway', () => {
  const cases: [string, string, Route][] = [
    ['GET', '/health', { to: 'health' }],
    ['GET', '/v1/models', { to: 'models' }],
    ['GET', '/v1/models/org%2Fsmall', { to: 'oneModel', model: 'org/small' }],
    ['POST', '/v1/chat/completions', { to: 'inference', dialect: 'openai' }],
    ['POST', '/v1/chat/completions?api-version=1', { to: 'inference', dialect: 'openai' }],
    ['POST', '/v1/completions', { to: 'inference', dialect: 'openai' }],
    ['POST', '/v1/embeddings', { to: 'inference', dialect: 'openai' }],
    ['POST', '/v1/responses', { to: 'inference', dialect: 'openai' }],
    ['POST', '/v1/rerank', { to: 'inference', dialect: 'openai' }],
    ['POST', '/v1/audio/speech', { to: 'inference', dialect: 'openai' }],
    ['POST', '/v1/audio/transcriptions', { to: 'inference', dialect: 'openai' }],
    ['POST', '/v1/messages', { to: 'inference', dialect: 'anthropic' }],
    ['POST', '/v1/messages/count_tokens', { to: 'inference', dialect: 'anthropic' }],
    ['GET', '/upstream/one/props?x=1', { to: 'upstream', model: 'one', path: '/props?x=1' }],
    ['POST', '/upstream/org%2Fone/slots/0', { to: 'upstream', model: 'org/one', path: '/slots/0' }],
    ['GET', '/upstream/one', { to: 'upstream', model: 'one', path: '/' }],
    ['GET', '/upstream/%zz/x', { to: 'upstream', model: '%zz', path: '/x' }],
    ['GET', '/v1/chat/completions', { to: 'nothing' }],
    ['GET', '/', { to: 'nothing' }],
    ['POST', '/v1/chat/completions/x', { to: 'nothing' }],
  ];
  for (const [method, url, route] of cases) it(`${method} ${url}`, () => assert.deepEqual(routeOf(method, url), route));
});
