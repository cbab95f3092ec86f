import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { declarationOf } from '../../../src/config/declarations.ts';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';

function parse(watch: unknown) {
  return parseProcesses(JSON.stringify({ processes: { api: { command: 'true', watch } } }, undefined, 1));
}

describe('watch', () => {
  it('is a list of globs, or an object with what follows a change', () => {
    const { specs, problems } = parse(['src/**', '!**/*.test.ts']);
    assert.deepEqual(problems, []);
    assert.deepEqual(specs.get('api')?.watch, {
      paths: ['src/**', '!**/*.test.ts'],
      action: 'restart',
      debounceMillis: 200,
      dependents: false,
    });
    const full = parse({ paths: ['a'], action: { signal: 'hup' }, debounce: '1s' });
    assert.deepEqual(full.problems, []);
    assert.deepEqual(full.specs.get('api')?.watch, {
      paths: ['a'],
      action: { signal: 'SIGHUP' },
      debounceMillis: 1000,
      dependents: false,
    });
  });

  const mistakes: readonly (readonly [string, unknown, string, string])[] = [
    ['an empty list', [], 'processes.api.watch: must name at least one glob, such as "src/**"', '[]'],
    ['only negations', ['!a'], 'processes.api.watch: only takes files away: add a glob of files to watch, such as "src/**"', '['],
    [
      'only negations in an object',
      { paths: ['!a'] },
      'processes.api.watch.paths: only takes files away: add a glob of files to watch, such as "src/**"',
      '[',
    ],
    [
      'a place outside of the workspace',
      ['src', '../x/**'],
      "processes.api.watch.1: '../x/**' is outside of the workspace: patterns are relative to the workspace folder",
      '"../x/**"',
    ],
    ['an invalid glob', { paths: ['src/[a'] }, 'processes.api.watch.paths.0: is not a glob: missing closing: "]"', '"src/[a"'],
    ['too many globs', Array.from({ length: 101 }, () => 'a'), 'processes.api.watch: must have at most 100 globs', '['],
    [
      'an unknown signal',
      { paths: ['a'], action: { signal: 'SIGNOPE' } },
      "processes.api.watch.action.signal: 'SIGNOPE' is not a signal of this system",
      '"SIGNOPE"',
    ],
    [
      'another action',
      { paths: ['a'], action: 'reload' },
      'processes.api.watch.action: must be "restart", { "signal": "SIGHUP" } or { "run": "npm run codegen" }',
      '"reload"',
    ],
    [
      'a debounce that is too short',
      { paths: ['a'], debounce: '10ms' },
      "processes.api.watch.debounce: '10ms' is too short: it must be at least 100ms",
      '"10ms"',
    ],
    ['a debounce that is too long', { paths: ['a'], debounce: '2m' }, 'processes.api.watch.debounce: must be at most 1m', '"2m"'],
    [
      'dependents of a signal',
      { paths: ['a'], action: { signal: 'HUP' }, dependents: true },
      'processes.api.watch.dependents: is for "action": "restart": with another action, nothing is restarted',
      'true',
    ],
  ];
  for (const [what, watch, message, place] of mistakes)
    it(`has ${what} underlined at its place`, () => {
      const { problems, specs } = parse(watch);
      assert.deepEqual(
        problems.map((one) => one.message),
        [message],
      );
      assert.equal(specs.get('api'), undefined);
      const [problem] = problems;
      const lines = JSON.stringify({ processes: { api: { command: 'true', watch } } }, undefined, 1).split('\n');
      assert.ok(lines[problem?.line ?? -1]?.slice(problem?.column).startsWith(place), lines[problem?.line ?? -1]);
    });

  it('is told to the warden with the workspace folder, and its command with its variables', async () => {
    const spec = parse({
      paths: ['a'],
      action: { run: ['gen', '${workspaceFolder}', '${port:web}', '${env:X}'] },
      debounce: '1s',
    }).specs.get('api');
    assert.ok(spec);
    const declared = await declarationOf('api', spec, {
      workspaceFolder: '/w',
      env: { X: '${instance}' },
      portName: (name) => `${name}-2`,
    });
    assert.deepEqual(declared.watch, {
      folder: '/w',
      patterns: ['a'],
      // A value is no placeholder.
      action: { by: 'run', argv: ['gen', '/w', '${port:web-2}', '$\0{instance}'] },
      debounceMillis: 1000,
    });
    const broken = await declarationOf('api', spec, { workspaceFolder: '/w', env: {} });
    assert.match('problem' in broken ? broken.problem : '', /variable X is not set/);
  });
});
