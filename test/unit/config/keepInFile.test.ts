import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keepInFile } from '../../../src/config/import/keepInFile.ts';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';

const dev = { name: 'dev', label: 'dev', command: 'npm run dev', source: 'package.json' };

describe('a process that is kept', () => {
  const cases: [what: string, before: string, after: string][] = [
    [
      'behind the others and their comments',
      '// mine\n{\n  "processes": {\n    // the server\n    "web": { "command": "x" } // runs\n    /* end */\n  }\n}\n',
      '// mine\n{\n  "processes": {\n    // the server\n    "web": { "command": "x" }, // runs\n    "dev": {\n      "command": "npm run dev"\n    }\n    /* end */\n  }\n}\n',
    ],
    [
      'behind a trailing comma',
      '{\n\t"processes": {\n\t\t"web": { "command": "x" }, // runs\n\t},\n}',
      '{\n\t"processes": {\n\t\t"web": { "command": "x" }, // runs\n\t\t"dev": {\n\t\t\t"command": "npm run dev"\n\t\t},\n\t},\n}',
    ],
    [
      'with the line ends of the file',
      '{\r\n  "processes": {\r\n    "a": { "command": "x" }\r\n  }\r\n}',
      '{\r\n  "processes": {\r\n    "a": { "command": "x" },\r\n    "dev": {\r\n      "command": "npm run dev"\r\n    }\r\n  }\r\n}',
    ],
    [
      'into a section that is empty',
      '{\n  "processes": { }\n}',
      '{\n  "processes": {\n    "dev": {\n      "command": "npm run dev"\n    }\n  }\n}',
    ],
    [
      'into a section with a comment in it',
      '{\n  "processes": {\n    // none yet\n  }\n}',
      '{\n  "processes": {\n    // none yet\n    "dev": {\n      "command": "npm run dev"\n    }\n  }\n}',
    ],
    [
      'behind comments, whatever is in them',
      '// such as { "env": {} }\n',
      '// such as { "env": {} }\n{\n  "processes": {\n    "dev": {\n      "command": "npm run dev"\n    }\n  }\n}\n',
    ],
    [
      'in one line',
      '{ "processes": { "a": { "command": "x" } } }',
      '{ "processes": { "a": { "command": "x" },\n  "dev": {\n    "command": "npm run dev"\n  }\n} }',
    ],
    [
      'beside another section',
      '{\n  "models": {}\n}',
      '{\n  "models": {},\n  "processes": {\n    "dev": {\n      "command": "npm run dev"\n    }\n  }\n}',
    ],
    [
      'below a comment that is all there is',
      '// to do\n',
      '// to do\n{\n  "processes": {\n    "dev": {\n      "command": "npm run dev"\n    }\n  }\n}\n',
    ],
  ];
  for (const [what, before, after] of cases)
    it(`is written ${what}`, () => {
      const kept = keepInFile(before, dev);
      assert.equal(kept, after);
      const { specs, problems } = parseProcesses(kept);
      assert.deepEqual(
        [problems.map(({ message }) => message).filter((one) => !/models/.test(one)), specs.get('dev')?.command],
        [[], 'npm run dev'],
      );
    });

  it('makes a file where there was none, with its folder and environment', () => {
    const text = keepInFile('', { ...dev, name: 'packages/web: dev', label: 'packages/web: dev', cwd: 'packages/web', env: { A: '1' } });
    const { specs, problems } = parseProcesses(text);
    assert.deepEqual([problems, specs.get('packages/web: dev')], [[], { command: 'npm run dev', cwd: 'packages/web', env: { A: '1' } }]);
    assert.match(text, /\/\/ from package\.json\n/);
  });

  for (const [text, reason] of [
    ['{ "processes": ', 'it is not valid JSON'],
    ['[]', 'it holds something else than an object'],
    ['{ "processes": [] }', '"processes" in it is not an object'],
    ['{ "processes": { "dev": {} } }', 'it has a process “dev” already'],
  ] as const)
    it(`is refused by a file of ${text}`, () => assert.throws(() => keepInFile(text, dev), new RangeError(reason)));
});
