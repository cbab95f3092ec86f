import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { declarationOf } from '../../../src/config/declarations.ts';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';

function parse(process: object, others: object = {}) {
  return parseProcesses(JSON.stringify({ processes: { build: { command: 'make', ...process }, ...others } }, undefined, 1));
}

describe('jobs', () => {
  const defaults = { maxQueued: 1000, whenFull: 'reject' };
  const written: readonly (readonly [unknown, unknown])[] = [
    [4, { maxConcurrent: 4, ...defaults }],
    [{ maxConcurrent: 1 }, { maxConcurrent: 1, ...defaults }],
    [
      { maxConcurrent: 64, maxQueued: 0, whenFull: 'wait' },
      { maxConcurrent: 64, maxQueued: 0, whenFull: 'wait' },
    ],
  ];
  for (const [jobs, expected] of written)
    it(`may be ${JSON.stringify(jobs)}`, () => {
      const { specs, problems } = parse({ jobs });
      const { jobs: settings, lifetime } = specs.get('build') ?? {};
      assert.deepEqual([problems, settings, lifetime], [[], expected, 'detached'], 'they are of no window');
    });

  const either = 'processes.build.jobs: must be the number of jobs that run at the same time, or an object: { "maxConcurrent": 4 }';
  const mistakes: readonly (readonly [string, object, RegExp])[] = [
    ['no number', { jobs: true }, /jobs: must be the number/],
    ['none at once', { jobs: 0 }, /must be/],
    ['too many at once', { jobs: 65 }, /must be/],
    ['half a job', { jobs: { maxConcurrent: 1.5 } }, /must be/],
    ['an object without their number', { jobs: {} }, /must be/],
    ['too long a queue', { jobs: { maxConcurrent: 1, maxQueued: 10_001 } }, /must be/],
    ['an unknown word', { jobs: { maxConcurrent: 1, whenFull: 'drop' } }, /must be/],
    ['an unknown key', { jobs: { maxConcurrent: 1, retries: 3 } }, /must be|retries/],
    [
      'a start by itself',
      { jobs: 1, autoStart: true },
      /processes\.build\.autoStart: does not go with "jobs": a pool of jobs is not started itself/,
    ],
    ['a restart policy', { jobs: 1, restart: 'on-failure' }, /processes\.build\.restart: does not go with "jobs": a job runs once/],
    ['a limit that restarts', { jobs: 1, onLimit: 'restart' }, /processes\.build\.onLimit: /],
    ['instances', { jobs: 1, instances: 2 }, /processes\.build\.instances: .*"maxConcurrent"/],
    ['a lifetime of the window', { jobs: 1, lifetime: 'managed' }, /processes\.build\.lifetime: /],
    ['a schedule', { jobs: 1, schedule: '@daily' }, /processes\.build\.schedule: /],
    ['files that are watched', { jobs: 1, watch: ['src'] }, /processes\.build\.watch: /],
    ['files whose saving runs it', { jobs: 1, runOnSave: 'src' }, /processes\.build\.runOnSave: /],
    ['a ready probe', { jobs: 1, ready: { log: 'x' } }, /processes\.build\.ready: /],
  ];
  for (const [what, process, message] of mistakes)
    it(`is a mistake with ${what}`, () => {
      const { specs, problems } = parse(process);
      assert.equal(problems.length, 1);
      assert.match(problems[0]?.message ?? '', message);
      assert.equal(specs.has('build'), false, either);
    });

  it('may stand beside values that change nothing', () => {
    const { problems } = parse({ jobs: 1, autoStart: false, instances: 1, lifetime: 'detached', pty: true, limits: { time: '1m' } });
    assert.deepEqual(problems, []);
  });

  it('are nothing that another process can wait for', () => {
    const { problems } = parse({ jobs: 1 }, { api: { command: 'api', dependsOn: ['build'] } });
    assert.match(problems.map(({ message }) => message).join(), /'build' is a pool of jobs, which is not started itself/);
  });

  const commands: readonly (readonly [unknown, readonly string[]])[] = [
    [
      ['make', '-k'],
      ['make', '-k'],
    ],
    ['make -k', ['/bin/sh', '-c', 'make -k "$@"', 'sh']],
    ['make "$1" && echo', ['/bin/sh', '-c', 'make "$1" && echo', 'sh']],
    ['for i in "${@}"; do :; done', ['/bin/sh', '-c', 'for i in "${@}"; do :; done', 'sh']],
    ['echo $#', ['/bin/sh', '-c', 'echo $#', 'sh']],
    ["awk '{ print $1 }'", ['/bin/sh', '-c', 'awk \'{ print $1 }\' "$@"', 'sh']],
    ['echo $HOME', ['/bin/sh', '-c', 'echo $HOME "$@"', 'sh']],
  ];
  for (const [command, argv] of commands)
    it(`have their arguments behind ${JSON.stringify(command)}`, async () => {
      const spec = parse({ command, jobs: 1 }).specs.get('build') ?? assert.fail();
      const declaration = await declarationOf('build', spec, { workspaceFolder: '/w', env: {} });
      assert.deepEqual('template' in declaration && declaration.template.argv, argv);
    });

  it('have no line for the shell of Windows, which cannot be handed arguments', async () => {
    const spec = parse({ command: 'make', jobs: 1 }).specs.get('build') ?? assert.fail();
    const declaration = await declarationOf('build', spec, { workspaceFolder: '/w', env: { ComSpec: 'cmd.exe' } });
    assert.match('problem' in declaration ? declaration.problem : '', /has to be a list here/);
  });
});
