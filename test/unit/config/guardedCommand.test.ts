import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guardedCommand } from '../../../src/config/guardedCommand.ts';
import { type McpServerSpec, mcpServerSchema } from '../../../src/config/mcpServerSchema.ts';

const context = {
  workspaceFolder: '/work space',
  env: { TOKEN: 'a b' },
  portFor: (): never => {
    throw new Error('there is no port here');
  },
};
const always = ['run', '--name', 'files', '--or-similar', '--end-with-parent', '--grace', '2s'];

function written(spec: object): McpServerSpec {
  return mcpServerSchema.parse(spec);
}

describe('the guarded command of an MCP server', () => {
  const cases: [string, object, readonly string[]][] = [
    ['passes on a list as it is', { command: ['npx', '-y', '', 'a b'] }, ['--', 'npx', '-y', '', 'a b']],
    ['gives a line to the shell', { command: 'serve --fast' }, ['--', '/bin/sh', '-c', 'serve --fast']],
    ['fills in variables', { command: ['serve', '${workspaceFolder}', '${env:TOKEN}'] }, ['--', 'serve', '/work space', 'a b']],
    [
      'has the limits in front',
      { command: ['serve'], limits: { memory: '512m', processes: 20, cpu: '150%', time: '10m', openFiles: 100 }, onLimit: 'stop' },
      [
        ...[
          '--memory',
          '536870912',
          '--processes',
          '20',
          '--cpu',
          '1.5',
          '--time',
          '600000ms',
          '--open-files',
          '100',
          '--on-limit',
          'stop',
        ],
        ...['--', 'serve'],
      ],
    ],
  ];
  for (const [what, spec, behind] of cases)
    it(what, async () => assert.deepEqual((await guardedCommand('files', written(spec), context)).args, [...always, ...behind]));

  it('starts in the folder and with the environment that are declared', async () => {
    const { cwd, env } = await guardedCommand('files', written({ command: 'x', cwd: 'sub', env: { A: '1', B: null } }), context);
    assert.deepEqual([cwd, env], ['/work space/sub', { A: '1', B: null }]);
  });

  it('is refused where it has a named port', async () => {
    await assert.rejects(guardedCommand('files', written({ command: 'x ${port:web}' }), context), /there is no port here/);
  });
});
