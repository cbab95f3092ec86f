import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';
import { resolveSpec, resolveTemplate } from '../../../src/config/resolveSpec.ts';
import { fillTemplate } from '../../../src/protocol/processTemplate.ts';

function parse(entry: object) {
  return parseProcesses(JSON.stringify({ processes: { db: { command: 'true', ...entry } } }, undefined, 1));
}

function specOf(entry: object) {
  const { specs, problems } = parse(entry);
  assert.deepEqual(problems, []);
  const spec = specs.get('db');
  assert.ok(spec);
  return spec;
}

const context = { workspaceFolder: '/w', env: {}, portName: (name: string) => name };
const sh = (line: string): string[] => ['/bin/sh', '-c', line];

describe('the commands of a process’s life', () => {
  it('are one command, one with its timeout, or several', async () => {
    const spec = specOf({ beforeStart: 'a b', afterReady: ['c', 'd e'], onStop: [{ run: 'f' }, { run: ['g'], timeout: '1h' }] });
    const request = await resolveSpec('db', spec, { ...context, portFor: () => Promise.resolve(1) });
    assert.deepEqual(request.beforeStart, [{ run: sh('a b'), timeoutMillis: 600_000 }]);
    assert.deepEqual(request.afterReady, [{ run: ['c', 'd e'], timeoutMillis: 60_000 }]);
    assert.deepEqual(request.stop.slice(-2), [
      { run: sh('f'), timeoutMillis: 10_000 },
      { run: ['g'], timeoutMillis: 3_600_000 },
    ]);
  });

  it('have their places among the steps of a stop, and what is asked to be run at the end comes last', async () => {
    const spec = specOf({ stop: [{ run: 'a', timeout: '20s' }, '10s', 'SIGKILL', { run: 'b' }], onStop: 'c' });
    const { stop } = await resolveSpec('db', spec, { ...context, portFor: () => Promise.resolve(1) });
    assert.deepEqual(stop, [
      { run: sh('a'), timeoutMillis: 20_000 },
      { waitMillis: 10_000 },
      { signal: 'SIGKILL' },
      { run: sh('b'), timeoutMillis: 10_000 },
      { run: sh('c'), timeoutMillis: 10_000 },
    ]);
  });

  it('have the port and the number of their instance, and secrets of the environment are known as such', async () => {
    const spec = specOf({
      stop: { run: ['stop', '${port:db}', '${instance}'] },
      beforeStart: 'echo ${port:db}',
      env: { PASSWORD: 'x${secret:pw}', PLAIN: '1' },
    });
    const template = await resolveTemplate(spec, context);
    const values = { 'secret:pw': 'hunter2' };
    const request = fillTemplate(template, { instance: 3, portOf: () => 5432, values });
    assert.deepEqual(request.stop[0], { run: ['stop', '5432', '3'], timeoutMillis: 10_000 });
    assert.deepEqual(request.beforeStart, [{ run: sh('echo 5432'), timeoutMillis: 600_000 }]);
    assert.deepEqual([request.env, request.secretEnv], [{ PASSWORD: 'xhunter2', PLAIN: '1' }, ['PASSWORD']]);
  });

  for (const [what, entry, message] of [
    ['an empty list', { beforeStart: [] }, /beforeStart: must/],
    ['an empty command', { onStop: ' ' }, /onStop: must not be empty/],
    ['a list with texts and objects', { onStop: ['a', { run: 'b' }] }, /onStop/],
    ['another key', { afterReady: { run: 'a', timeuot: '1s' } }, /timeuot/],
    ['no time', { afterReady: { run: 'a', timeout: '0s' } }, /timeout: '0s' is too short/],
    ['too long a time', { stop: [{ run: 'a', timeout: '2h' }] }, /timeout: must be at most 1h/],
    ['too many commands', { onStop: Array(11).fill({ run: 'a' }) }, /onStop: must have at most 10 commands/],
    ['too many commands among the steps', { stop: Array(11).fill({ run: 'a' }) }, /stop: must have at most 10 commands/],
    ['an unknown signal beside a command', { stop: [{ run: 'a' }, 'SIGFOO'] }, /stop: 'SIGFOO' is not a signal/],
  ] as const)
    it(`are not ${what}`, () => {
      const { problems } = parse(entry);
      assert.ok(problems.length > 0);
      assert.match(problems.map((one) => one.message).join('\n'), message);
    });
});
