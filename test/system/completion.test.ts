/** Completion in real shells: what is typed, a tab, and what stands there then. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'node:test';
import { cli, isInPath, Run } from '../support/run.ts';
import { InteractiveShell } from '../support/shell.ts';

/** With a `tree-warden` in the PATH, names of several kinds in processes.json, and a tree that runs. */
function prepared(): Run {
  const run = new Run();
  const bin = join(run.folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'tree-warden'), `#!/bin/sh\nexec '${process.execPath}' '${cli}' "$@"\n`);
  chmodSync(join(bin, 'tree-warden'), 0o755);
  run.env['PATH'] = `${bin}${delimiter}${run.env['PATH']}`;
  mkdirSync(join(run.workFolder, '.vscode'));
  const spec = { command: 'sleep 1000' };
  const processes = {
    web: { ...spec, description: 'the site', profiles: ['debug', 'docs'] },
    'npm:dev': spec,
    'npm:test': spec,
    'two words': spec,
  };
  const models = { small: { runtime: 'vllm', model: 'x' } };
  writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), JSON.stringify({ processes, models }));
  run.call(['run', '-d', '--name', 'running-one', '--', 'sleep', '1000']);
  return run;
}

/** What a line is completed to where it ends. */
const cases: readonly (readonly [typed: string, words: readonly string[]])[] = [
  ['tree-warden is', ['is-ready']],
  ['tree-warden up --det', ['--detach']],
  ['tree-warden down npm:', ['npm:dev', 'npm:test']],
  ['tree-warden wait web --until s', ['succeeded']],
  ['tree-warden up --profile d', ['debug', 'docs']],
  ['tree-warden graph w', ['web']],
  ['tree-warden load s', ['small']],
  ['tree-warden kill run', ['running-one']],
];

/** Stands between the answers to two lines. */
const mark = '-----';

/** The words in front of `separator` in each line of each answer, of one run of a shell. */
function answers(run: Run, [shell = '', ...args]: readonly string[], script: string, separator: RegExp): string[][] {
  const { stdout, stderr } = spawnSync(shell, [...args, '-c', script], { cwd: run.workFolder, env: run.env, encoding: 'utf8' });
  assert.equal(stderr, '');
  const wordsOf = (answer: string): string[] => answer.split('\n').flatMap((line) => line.split(separator)[0] || []);
  return stdout
    .split(`${mark}\n`)
    .slice(0, -1)
    .map((answer) => wordsOf(answer).sort());
}

const expected = cases.map(([, words]) => [...words]);

describe('completion', () => {
  it('in bash completes what is typed', async () => {
    await using run = prepared();
    using shell = new InteractiveShell(run);
    shell.type('eval "$(tree-warden completion bash)"; echo lo""aded\r');
    await shell.sees(/loaded/);
    for (const [typed, completed] of [
      ['tree-warden kill run\t', /kill running-one /],
      ['tree-warden up npm:d\t', /up npm:dev /],
      ['tree-warden down npm:\t\t', /dev +test/],
    ] as const) {
      const from = shell.screen.length;
      shell.type(`\u0015${typed}`);
      await shell.sees(completed, from);
    }
    const from = shell.screen.length;
    shell.type('\u0015tree-warden up two\t--timeout 1s\r');
    await shell.sees(/up two\\ words --timeout 1s[\s\S]*--timeout is for up --detach/, from);
    run.call(['kill', '--all']);
  });

  it('in bash has whole words where bash splits them, and is quoted as they are', async () => {
    await using run = prepared();
    const replies: readonly (readonly [words: readonly string[], reply: readonly string[]])[] = [
      [['up', 'npm', ':', 't'], ['test']],
      [
        ['up', 'npm', ':'],
        ['dev', 'test'],
      ],
      [['wait', '--until', '=', 'r'], ['ready']],
      [['up', '"two'], ['"two words']],
      [['up', 'two\\ w'], ['two\\ words']],
      [['up', 'nothing'], []],
    ];
    const ask = replies.map(([words]) => {
      const array = words.map((word) => `'${word}'`).join(' ');
      return `COMP_WORDS=(tree-warden ${array}); COMP_CWORD=${words.length}; _tree_warden; printf '%s\\n' "\${COMPREPLY[@]}"; echo ${mark}`;
    });
    const script = `eval "$(tree-warden completion bash)"\n${ask.join('\n')}`;
    assert.deepEqual(
      answers(run, ['bash', '--norc'], script, /\t/),
      replies.map(([, reply]) => [...reply]),
    );
    run.call(['kill', '--all']);
  });

  it('in zsh offers commands, options and names', { skip: !isInPath('zsh') && 'zsh is not installed' }, async () => {
    await using run = prepared();
    const ask = cases.map(([typed]) => {
      const array = typed.split(' ').map((word) => `'${word}'`);
      return `words=(${array.join(' ')}); CURRENT=$#words; _tree_warden; print -r -- ${mark}`;
    });
    // What would show the candidates prints them.
    const load = 'autoload -Uz compinit; compinit -u -D; source <(tree-warden completion zsh); _describe() { print -rl -- ${(P)2}; }';
    const found = answers(run, ['zsh', '-f'], `${load}\n${ask.join('\n')}`, /(?<!\\):/);
    assert.deepEqual(
      found.map((words) => words.map((word) => word.replaceAll('\\:', ':'))),
      expected,
    );
    run.call(['kill', '--all']);
  });

  it('in fish offers commands, options and names', { skip: !isInPath('fish') && 'fish is not installed' }, async () => {
    await using run = prepared();
    const ask = cases.map(([typed]) => `complete --do-complete '${typed}'; echo ${mark}`);
    const script = `tree-warden completion fish | source\n${ask.join('\n')}`;
    assert.deepEqual(answers(run, ['fish', '--no-config'], script, /\t/), expected);
    run.call(['kill', '--all']);
  });

  it('is silent where there is no file, or a broken one', async () => {
    await using run = new Run();
    const empty = run.call(['__complete', '--', 'up', '']);
    assert.deepEqual([empty.code, empty.stdout, empty.stderr], [0, '', '']);
    mkdirSync(join(run.workFolder, '.vscode'));
    writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), '{');
    const broken = run.call(['__complete', '--', 'up', '']);
    assert.deepEqual([broken.code, broken.stdout, broken.stderr], [0, '', '']);
    assert.equal(run.call(['completion', 'csh']).code, 2);
    assert.ok(!run.call(['--help']).stdout.includes('__complete'));
  });
});
