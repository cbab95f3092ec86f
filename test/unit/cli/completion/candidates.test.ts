import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Command, Option } from 'commander';
import { candidatesFor, type Names } from '../../../../src/cli/completion/candidates.ts';
import { CompletedArgument, CompletedOption } from '../../../../src/cli/completion/completed.ts';

const program = new Command('warden').version('1').enablePositionalOptions();
program
  .command('up')
  .description('start')
  .addArgument(new CompletedArgument('declared', '[names...]'))
  .option('-d, --detach', 'in the background')
  .option('--time <duration>')
  .option('--label <text>', 'repeatable', (value: string, before: string[] = []) => [...before, value])
  .addOption(new CompletedOption('declared', '--until <name>'))
  .addOption(new Option('--hidden').hideHelp());
program
  .command('wait')
  .alias('w')
  .argument('<one>')
  .addOption(new Option('-u, --until <state>').choices(['ready', 'ended']));
program.command('run').addArgument(new CompletedArgument('files', '<command...>')).passThroughOptions();
program.command('logs').addArgument(new CompletedArgument('running', '<tree>'));
program.command('__complete', { hidden: true });

const names: Names = (completes) =>
  ['api', 'db', 'web:dev'].map((value) => ({ value: completes === 'running' ? `${value}!` : value, description: '' }));

describe('what a shell may offer', () => {
  const cases: [string[], string[] | 'files'][] = [
    [[], ['up', 'wait', 'run', 'logs', 'help']],
    [[''], ['up', 'wait', 'run', 'logs', 'help']],
    [['w'], ['wait']],
    [['-'], ['--version', '--help']],
    [
      ['up', ''],
      ['api', 'db', 'web:dev'],
    ],
    [['up', 'web:'], ['web:dev']],
    [
      ['up', 'api', ''],
      ['db', 'web:dev'],
    ],
    [
      ['up', '-'],
      ['--detach', '--time', '--label', '--until', '--help'],
    ],
    [
      ['up', '-d', '--label', 'x', '--'],
      ['--time', '--label', '--until', '--help'],
    ],
    [['up', '--time', ''], []],
    [['up', '--time', '5s', 'd'], ['db']],
    [['up', '--until', 'a'], ['api']],
    [['up', '--until=a'], ['--until=api']],
    [['up', '--until=x', 'a'], ['api']],
    [['up', '--', '-'], []],
    [['up', '--', 'a'], ['api']],
    [
      ['wait', '-u', ''],
      ['ready', 'ended'],
    ],
    [['w', '--until', 'r'], ['ready']],
    [['wait', '--until=e'], ['--until=ended']],
    [['wait', 'x', ''], []],
    [
      ['logs', ''],
      ['api!', 'db!', 'web:dev!'],
    ],
    [['logs', 'api!', ''], []],
    [['run', ''], 'files'],
    [['run', 'make', ''], 'files'],
    [['nothing', ''], []],
    [['__complete', ''], []],
    [['up', "it's", '"', '$(x)', 'a'], ['api']],
  ];
  for (const [words, expected] of cases)
    it(JSON.stringify(words), () => {
      const found = candidatesFor(program, words, names);
      assert.deepEqual(found === 'files' ? found : found.map(({ value }) => value), expected);
    });
});
