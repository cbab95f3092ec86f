import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';
import type { ProcessSpec } from '../../../src/config/processSchema.ts';
import { type ResolveContext, resolveSpec } from '../../../src/config/resolveSpec.ts';
import type { Check } from '../../../src/protocol/policies.ts';

const ports: Record<string, number> = { web: 3000 };
const context: ResolveContext = {
  workspaceFolder: '/w',
  env: { HOST: 'box' },
  portFor: (name) => Promise.resolve(ports[name] ?? 1),
};

/** As it is after it was read from a file. */
function specOf(keys: object): ProcessSpec {
  const { specs, problems } = parseProcesses(JSON.stringify({ processes: { web: { command: 'x', ...keys } } }));
  const spec = specs.get('web');
  assert.ok(spec, JSON.stringify(problems));
  return spec;
}

describe('a probe', () => {
  const checks: [string, object, Check][] = [
    ['by HTTP', { http: 'http://127.0.0.1:${port:web}/health' }, { by: 'http', url: 'http://127.0.0.1:3000/health' }],
    ['by a port', { tcp: 80 }, { by: 'tcp', host: 'localhost', port: 80 }],
    ['by a named port', { tcp: '${port:web}' }, { by: 'tcp', host: 'localhost', port: 3000 }],
    ['by host and port', { tcp: '${env:HOST}:81' }, { by: 'tcp', host: 'box', port: 81 }],
    ['by an address of IPv6', { tcp: '[::1]:82' }, { by: 'tcp', host: '::1', port: 82 }],
    ['by a line of output', { log: 'ready in \\d+' }, { by: 'log', pattern: 'ready in \\d+' }],
    ['by a line for the shell', { exec: 'test -e ${port:web}' }, { by: 'exec', argv: ['/bin/sh', '-c', 'test -e 3000'] }],
    ['by a program', { exec: ['curl', '${env:HOST}'] }, { by: 'exec', argv: ['curl', 'box'] }],
  ];
  for (const [what, written, check] of checks) {
    it(`is carried out ${what}`, async () => {
      const { ready, alive } = await resolveSpec('web', specOf({ ready: written, alive: written }), context);
      assert.deepEqual([ready?.check, alive?.check], [check, check]);
    });
  }

  it('has a timing that can be left out', async () => {
    const { ready } = await resolveSpec('web', specOf({ ready: { tcp: 80 } }), context);
    const { check: _check, ...timing } = ready ?? {};
    assert.deepEqual(timing, { delayMillis: 0, timeoutMillis: 1000, failureThreshold: 3, successThreshold: 1 });
    const written = { exec: 'x', delay: '2s', period: '100ms', timeout: '1m', failureThreshold: 5, successThreshold: 2, deadline: '1h' };
    const whole = (await resolveSpec('web', specOf({ ready: written }), context)).ready;
    assert.deepEqual(
      { ...whole, check: undefined },
      {
        check: undefined,
        delayMillis: 2000,
        periodMillis: 100,
        timeoutMillis: 60_000,
        failureThreshold: 5,
        successThreshold: 2,
        deadlineMillis: 3_600_000,
      },
    );
  });

  const wrong: [string, object, string][] = [
    ['no URL', { http: 'localhost:80' }, "'localhost:80' cannot be used as a probe: it is not a URL that starts with http:// or https://."],
    ['no port', { tcp: 'localhost' }, "'localhost' cannot be connected to: it is neither a port nor host:port."],
    ['a port that cannot be', { tcp: 70000 }, "'70000' cannot be connected to: it is neither a port nor host:port."],
  ];
  for (const [what, written, message] of wrong)
    it(`is refused with ${what}`, () => assert.rejects(resolveSpec('web', specOf({ ready: written }), context), { message }));
});

describe('a restart policy', () => {
  it('can be one word, or all of it', async () => {
    const policy = async (restart: unknown) => (await resolveSpec('web', specOf({ restart }), context)).restart;
    assert.equal(await policy('never'), undefined);
    assert.equal(await policy({ when: 'never', delay: '1s' }), undefined);
    const usual = { maxRestarts: 5, windowMillis: 600_000, delayMillis: 1000, maxDelayMillis: 60_000 };
    assert.deepEqual(await policy('on-failure'), { when: 'on-failure', ...usual });
    assert.deepEqual(await policy({ when: 'always', maxRestarts: 2, window: '1m', delay: '5s', maxDelay: '6s' }), {
      when: 'always',
      maxRestarts: 2,
      windowMillis: 60_000,
      delayMillis: 5000,
      maxDelayMillis: 6000,
    });
  });
});
