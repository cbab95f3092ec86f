/** What becomes of a process-compose.yaml; what its processes do then is in test/system/processCompose.test.ts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FoundTask, ProjectFolder, System } from '../../../src/config/import/foundTask.ts';
import { renderProcessesFile } from '../../../src/config/import/keepInFile.ts';
import { processCompose } from '../../../src/config/import/processCompose.ts';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';

function folderOf(files: Readonly<Record<string, string>>, system: System = 'linux'): ProjectFolder {
  return { system, has: (path) => path in files, read: (path) => files[path], folders: () => [], parent: undefined };
}

function found(yaml: string, files: Readonly<Record<string, string>> = {}, system?: System): readonly FoundTask[] {
  return processCompose.find(yaml, folderOf(files, system), 'process-compose.yaml');
}

function one(fields: string, files?: Readonly<Record<string, string>>, system?: System): FoundTask {
  const [task, ...others] = found(`vars: { A: x, ON: true, N: 0 }\nprocesses: { one: { ${fields} } }`, files, system);
  assert.ok(task);
  assert.deepEqual(others, []);
  return task;
}

const bash = (line: string): string[] => ['bash', '-c', line];

describe('a command of process-compose', () => {
  const dotenv = { '.env': 'HOST=h\nAPI_TOKEN=abc123def456\n' };
  const cases: readonly (readonly [string, unknown])[] = [
    ['make', 'make'],
    ['make $$A', 'make $A'],
    ['make ${A} $B && x | y > z 2>&1', 'make ${A} $B && x | y > z 2>&1'],
    ['echo \'$A\' "$A"', 'echo \'\'"${A}"\'\' "$A"'],
    ["echo '$$A'", "echo '$A'"],
    ['echo \\$A', bash('echo \\$A')],
    ['echo ${A^^} ${A%x} ${A/x/y} ${A:-d}', bash('echo ${A^^} ${A%x} ${A/x/y} ${A:-d}')],
    ['echo ${cwd} ${instance}', bash('echo ${cwd:-} ${instance:-}')],
    ['cat <(echo a)', bash('cat <(echo a)')],
    ['source venv && x', bash('source venv && x')],
    ['sources venv', 'sources venv'],
    ['{{.A}} {{ .N }} {{- " b" }}', 'x 0 b'],
    ['{{if .ON}}on{{else}}off{{end}}', 'on'],
    ['{{if .N}}on{{else if .ON}}other{{else}}off{{end}}', 'other'],
    ['{{if not .ON}}on{{end}}off', 'off'],
    ['{{if and .ON (eq .A "x")}}on{{end}}', undefined],
    ['{{if eq .A "y" "x"}}on{{end}}', 'on'],
    ['{{or "${HOST}" .A}} {{or "${NONE}" .A}}', 'h x'],
    ['{{.MISSING}}', undefined],
    ['{{if .ON}}x', undefined],
    ['x{{end}}', undefined],
    ['{{.A | printf "%s"}}', undefined],
    ['{{.A', bash('{{.A')],
    ['{{"}}"}}{{`{{`}}', bash('}}{{')],
    ['a {{- .A -}} b', 'axb'],
    ['echo ${env:HOME}', bash('echo ${env:HOME}')],
    ['echo ${port:web}', undefined],
  ];
  for (const [written, expected] of cases)
    it(`${written} is ${JSON.stringify(expected) ?? 'named, and left out'}`, () => {
      const [task, other] = found(
        `vars: { A: x, ON: true, N: 0 }\nprocesses:\n  one:\n    command: ${JSON.stringify(written)}\n  two: { command: make }`,
        dotenv,
      );
      if (expected !== undefined) assert.deepEqual([task?.label, task?.command], ['one', expected]);
      else {
        assert.deepEqual([task?.label, other], ['two', undefined]);
        assert.match(String(task?.leftOfFile), /processes\.one\.command: .*processes\.one: it is left out/);
      }
    });

  it('is one of cmd.exe on Windows', () => assert.equal(one('command: "(a) & b"', {}, 'windows').command, '(a) & b'));

  it('takes values of .env that no shell fills in, but no secrets', () => {
    const { cwd, env, left } = one(
      'command: make, working_dir: "${HOST}/$OTHER", environment: ["A=$HOST$$", "B=${API_TOKEN}", "C=${HOST%x}"]',
      dotenv,
    );
    assert.deepEqual([cwd, env], ['h/${env:OTHER}', { A: 'h$' }]);
    assert.match(String(left), /B: \$API_TOKEN of \.env is a secret, which is not written down.*C: the expansion/);
    assert.doesNotMatch(String(left), /abc123/);
  });

  it('is left as it is where the file says so', () => {
    const [task] = found('disable_env_expansion: true\nprocesses: { one: { command: "a $$ $B \'$C\'", working_dir: "$D" } }');
    assert.deepEqual([task?.command, task?.cwd], ["a $$ $B '$C'", '$D']);
  });
});

describe('files of process-compose', () => {
  it('extend and override each other', () => {
    const base =
      'extends: deeper.yaml\nenvironment: ["A=1", "B=1"]\nprocesses: { one: { command: a, depends_on: { x: {} } }, x: { command: x } }';
    const files = {
      'base.yaml': base,
      'deeper.yaml': 'environment: ["C=1"]\nprocesses: { deep: { command: d } }',
      'process-compose.override.yml': 'processes: { one: { working_dir: w, depends_on: { deep: { condition: process_completed } } } }',
    };
    const tasks = found('extends: base.yaml\nenvironment: ["B=2"]\nprocesses: { one: { command: b } }', files);
    assert.deepEqual(
      tasks.map(({ label, command, cwd, more }) => ({ label, command, cwd, more })),
      [
        { label: 'deep', command: 'd', cwd: undefined, more: undefined },
        { label: 'one', command: 'b', cwd: 'w', more: { dependsOn: { x: 'started', deep: 'ended' } } },
        { label: 'x', command: 'x', cwd: undefined, more: undefined },
      ],
    );
    assert.deepEqual(tasks[0]?.shared, { env: { A: '1', B: '2', C: '1' } });
  });

  it('that extend themselves, or processes that do, are named', () => {
    const text = 'extends: self.yaml\nprocesses: { a: { extends: b, command: x }, b: { extends: a }, c: { extends: none, command: y } }';
    const tasks = found(text, { 'self.yaml': text });
    assert.deepEqual(
      tasks.map(({ label, command }) => [label, command]),
      [
        ['a', 'x'],
        ['b', 'x'],
        ['c', 'y'],
      ],
    );
    const left = String(tasks[0]?.leftOfFile);
    for (const part of [
      /extends: the file "self\.yaml"/,
      /processes\.a\.extends: .*extends this one/,
      /processes\.c\.extends: "none" is no process/,
    ])
      assert.match(left, part);
  });

  it('of any shape are read without an error, and written so that they can be read', () => {
    const values = [
      'null',
      'true',
      '7',
      '-1',
      '""',
      'x',
      '[]',
      '[1, [2], {a: b}]',
      '{}',
      '{ a: { b: c } }',
      '"{{"',
      '"$"',
      '"${"',
      '1e99',
      '.nan',
    ];
    const keys = (
      'working_dir environment env_file depends_on readiness_probe liveness_probe ready_log_line availability shutdown namespace replicas description vars ' +
      'is_daemon is_disabled disabled schedule watch log_configuration success_exit_codes extends entrypoint is_dotenv_disabled'
    ).split(' ');
    const nested = [
      'exec',
      'http_get',
      'paths',
      'rotation',
      'signal',
      'timeout_seconds',
      'max_restarts',
      'backoff_seconds',
      'restart',
      'interval',
    ];
    const structured = new Set(['readiness_probe', 'availability', 'shutdown', 'schedule', 'watch', 'log_configuration']);
    for (const key of keys)
      for (const value of [
        ...values,
        ...(structured.has(key) ? nested.flatMap((name) => values.map((one) => `{ ${name}: ${one} }`)) : []),
      ]) {
        const tasks = found(`processes: { one: { command: make, ${key}: ${value} } }`);
        const text = renderProcessesFile(tasks.map((task) => ({ ...task, name: task.label, source: 'process-compose.yaml' })));
        const { problems } = parseProcesses(text);
        assert.deepEqual(problems, [], `${key}: ${value}\n${text}`);
      }
  });
});
