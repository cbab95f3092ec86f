import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Dialect } from '../../../src/gateway/gatewayError.ts';
import { type Route, routeOf } from '../../../src/gateway/routes.ts';
import { assertWithin, textOf } from '../../support/hostileText.ts';
import { holdsFor } from '../../support/property.ts';

describe('a path of the gateway', () => {
  const cases: [string, string, Route][] = [
    ['GET', '/health', { to: 'health' }],
    ['GET', '/v1/models', { to: 'models' }],
    ['GET', '/v1/models/org%2Fsmall', { to: 'oneModel', model: 'org/small' }],
    ['HEAD', '/health', { to: 'health' }],
    ['HEAD', '/v1/models', { to: 'models' }],
    ['GET', '/v1/models/', { to: 'models' }],
    ['GET', '/models', { to: 'models' }],
    ['GET', '//v1//models/org/small/', { to: 'oneModel', model: 'org/small' }],
    ['GET', '/upstream/one/props?x=1', { to: 'upstream', model: 'one', path: '/props?x=1' }],
    ['POST', '/upstream/org%2Fone/slots/0', { to: 'upstream', model: 'org/one', path: '/slots/0' }],
    ['GET', '/upstream/one', { to: 'upstream', model: 'one', path: '/' }],
    ['GET', '/upstream/%zz/x', { to: 'upstream', model: '%zz', path: '/x' }],
    ['GET', '/upstream/org/small/props?x=/a//b', { to: 'upstream', model: 'org/small', path: '/props?x=/a//b' }],
    ['GET', '/upstream/org/small', { to: 'upstream', model: 'org/small', path: '/' }],
    ['GET', '/upstream/org/other/props', { to: 'upstream', model: 'org', path: '/other/props' }],
    ['GET', '/upstream/org%2Fsmall/', { to: 'upstream', model: 'org/small', path: '/' }],
    ['GET', '//upstream//one//its//own/', { to: 'upstream', model: 'one', path: '//its//own/' }],
    ['HEAD', '/upstream/one/', { to: 'upstream', model: 'one', path: '/' }],
    ['GET', '/upstream/', { to: 'nothing' }],
    ['OPTIONS', '*', { to: 'nothing' }],
    ['GET', '/v1/chat/completions', { to: 'nothing' }],
    ['GET', '/', { to: 'nothing' }],
    ['POST', '/v1/chat/completions/x', { to: 'nothing' }],
  ];
  for (const [method, url, route] of cases)
    it(`${method} ${url}`, () =>
      assert.deepEqual(
        routeOf(method, url, (name) => name === 'org/small'),
        route,
      ));

  const inferring: [string, Dialect, string?][] = [
    ['/v1/chat/completions', 'openai'],
    ['/v1/chat/completions?api-version=1', 'openai'],
    ['/v1/completions', 'openai'],
    ['/v1/embeddings', 'openai'],
    ['/v1/responses', 'openai'],
    ['/v1/rerank', 'openai'],
    ['/rerank', 'openai'],
    ['/v1/audio/speech', 'openai'],
    ['/v1/audio/transcriptions', 'openai'],
    ['/v1/messages', 'anthropic'],
    ['/v1/messages/count_tokens', 'anthropic'],
    ['/chat/completions', 'openai', '/v1/chat/completions'],
    ['/messages?beta=true', 'anthropic', '/v1/messages?beta=true'],
    ['//v1/chat/completions', 'openai', '/v1/chat/completions'],
    ['/v1//chat///completions', 'openai', '/v1/chat/completions'],
    ['/v1/chat/completions/', 'openai', '/v1/chat/completions'],
    ['/v1/chat/completions//?x=/a//', 'openai', '/v1/chat/completions?x=/a//'],
    ['/v1/v1/messages', 'anthropic', '/v1/messages'],
    ['http://127.0.0.1:1234/v1/embeddings', 'openai', '/v1/embeddings'],
  ];
  for (const [url, dialect, path = url] of inferring)
    it(`POST ${url}`, () => assert.deepEqual(routeOf('POST', url), { to: 'inference', dialect, path }));
});

describe('any path', () => {
  const pieces = [
    '/',
    '//',
    '/v1',
    '/models',
    '/upstream/',
    'org/small',
    '%2F',
    '%zz',
    '%',
    '?',
    '#',
    '..',
    '/chat/completions',
    '*',
    'http://',
    '\u0000',
  ];

  it('has a route, in little time', async () => {
    await holdsFor(textOf(pieces), (url) => {
      for (const method of ['GET', 'POST', 'HEAD', 'OPTIONS'])
        assertWithin(100, `${method} ${url.slice(0, 200)}`, () => {
          const route = routeOf(method, url, (name) => name === 'org/small');
          if (route.to === 'inference' || route.to === 'upstream') assert.ok(route.path.startsWith('/'), url);
        });
    });
  });

  for (const piece of ['/', '/v1', '/upstream/', '/upstream/a', '%2F', '/models/'])
    it(`is read in little time, however often it has ${piece}`, () => {
      assertWithin(100, `100,000 of ${piece}`, () => routeOf('POST', piece.repeat(100_000), () => false));
    });
});
