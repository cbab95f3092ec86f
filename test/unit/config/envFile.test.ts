/** Environment files mean what docker compose's documentation says. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { parseEnvFile } from '../../../src/config/env/envFile.ts';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';
import { resolveSpec } from '../../../src/config/resolveSpec.ts';
import { assertWithin, cpuMillisOf, textOf } from '../../support/hostileText.ts';
import { holdsFor } from '../../support/property.ts';

const surroundings: Readonly<Record<string, string>> = { OTHER: 'o', EMPTY: '' };
const lookUp = (name: string): string | undefined => (Object.hasOwn(surroundings, name) ? surroundings[name] : undefined);
const parsed = (text: string): Record<string, string> => Object.fromEntries(parseEnvFile(text, lookUp));

describe('a value of an environment file', () => {
  const values: [string, string][] = [
    // As the page on the syntax of env files has them.
    ['VAR=VAL', 'VAL'],
    ['VAR="VAL"', 'VAL'],
    ["VAR='VAL'", 'VAL'],
    ['VAR: VAL', 'VAL'],
    ['VAR = VAL', 'VAL'],
    ['VAR=VAL # comment', 'VAL'],
    ['VAR=VAL# not a comment', 'VAL# not a comment'],
    ['VAR="VAL # not a comment"', 'VAL # not a comment'],
    ['VAR="VAL" # comment', 'VAL'],
    ["VAR='$OTHER'", '$OTHER'],
    ["VAR='${OTHER}'", '${OTHER}'],
    ["VAR='Let\\'s go!'", "Let's go!"],
    ['VAR="{\\"hello\\": \\"json\\"}"', '{"hello": "json"}'],
    ['VAR="some\\tvalue"', 'some\tvalue'],
    ["VAR='some\\tvalue'", 'some\\tvalue'],
    ['VAR=some\\tvalue', 'some\\tvalue'],
    ["VAR='SOME\nVALUE'", 'SOME\nVALUE'],
    // As the page on interpolation has them.
    ['VAR=$OTHER', 'o'],
    ['VAR=${OTHER}', 'o'],
    ['VAR="<$OTHER>"', '<o>'],
    ['VAR=${NONE}', ''],
    ['VAR=${NONE:-default}', 'default'],
    ['VAR=${EMPTY:-default}', 'default'],
    ['VAR=${EMPTY-default}', ''],
    ['VAR=${NONE-default}', 'default'],
    ['VAR=${OTHER:?no}', 'o'],
    ['VAR=${EMPTY?no}', ''],
    ['VAR=${OTHER:+replacement}', 'replacement'],
    ['VAR=${EMPTY:+replacement}', ''],
    ['VAR=${EMPTY+replacement}', 'replacement'],
    ['VAR=${NONE+replacement}', ''],
    ['VAR=${NONE:-${OTHER}}', 'o'],
    ['VAR=${NONE:-${NONE:-default}}', 'default'],
    ['VAR=${OTHER?$NONE}', 'o'],
    ['VAR=a$$b $${OTHER}', 'a$b ${OTHER}'],
    // What follows from it.
    ['VAR=', ''],
    ['VAR=""', ''],
    ['VAR= # nothing', ''],
    ['VAR=#fff', '#fff'],
    ['VAR="a\nb"', 'a\nb'],
    ['VAR="a\r\nb"\r\n', 'a\nb'],
    ['VAR=a\r\nB=c', 'a'],
    ['export VAR=x', 'x'],
    ['  export   VAR = x  ', 'x'],
    ['# before\n\n \t# too\nVAR=x', 'x'],
    ['\uFEFFVAR=x', 'x'],
    ['VAR=one\nVAR=two', 'two'],
    ['OTHER=own\nVAR=$OTHER', 'own'],
    ['A=${OTHER}\nVAR=${A}$A', 'oo'],
    ["A='$OTHER'\nVAR=$A", '$OTHER'],
    ['VAR="json {\\"a\\":1}"', 'json {"a":1}'],
    ['VAR=val#nospace', 'val#nospace'],
    ['VAR=a "b" c', 'a "b" c'],
    ["VAR=it's", "it's"],
    ['VAR=a=b:c', 'a=b:c'],
    ['VAR=$5 $ $(x) a$', '$5 $ $(x) a$'],
    ['VAR="\\$OTHER \\d \\\\n"', '$OTHER \\d \\n'],
    ['VAR=\\$OTHER', '$OTHER'],
    ["VAR='a\\\\'", 'a\\\\'],
    ['VAR=${NONE:-a b # c}', '${NONE:-a b'],
    ['VAR=${NONE:-}x', 'x'],
    ['VAR=${OTHER:-${NONE:?never asked}}', 'o'],
  ];
  for (const [text, value] of values) {
    if (text.includes('# c}')) it(`may not have a comment within a variable: ${text}`, () => assert.throws(() => parsed(text)));
    else it(`is ${JSON.stringify(value)} in ${JSON.stringify(text)}`, () => assert.equal(parsed(text)['VAR'], value));
  }

  it('is handed on where only its name is written', () =>
    assert.deepEqual(parsed('OTHER\nNONE\nexport EMPTY # comment\n'), { OTHER: 'o', EMPTY: '' }));

  it('may have names that frameworks use', () =>
    assert.deepEqual(parsed('spring.datasource.url=a\nMY-KEY=b\nA[0]=c\nGRÖSSE=d\n1ST=e'), {
      'spring.datasource.url': 'a',
      'MY-KEY': 'b',
      'A[0]': 'c',
      GRÖSSE: 'd',
      '1ST': 'e',
    }));

  const mistakes: [string, number, RegExp][] = [
    ['A=1\nB="x\nC=2\n', 2, /^the value begins with ", which is never closed$/],
    ["A='x\\'", 1, /^the value begins with ', which is never closed$/],
    ['A=1\r\n\r\nB=${A:?gone} ${NONE:?say it}', 3, /^the variable NONE is not set: say it$/],
    ['A="a\nb"\nB=${NONE?}', 3, /^the variable NONE is not set$/],
    ['A="x" y', 1, /^only a comment may follow the closing " of the value$/],
    ['A=1\na line of prose', 2, /^'a line of prose' does not start with the name of a variable and =$/],
    ['=x', 1, /^'=x' does not start/],
    ['A=${', 1, /^'\$\{' is not a variable; write \$\$ for a dollar sign$/],
    ['A=${A/x/y}', 1, /^'\$\{A\/x\/y\}' is not a variable/],
    ['A=${NONE:-x', 1, /is not a variable/],
    ['A="\\0"', 1, /^the value of A contains a NUL character/],
    [`A=${'${A:-'.repeat(5000)}`, 1, /^variables are nested more than 20 levels deep$/],
    [
      `A0=${'x'.repeat(100)}\n${Array.from({ length: 40 }, (_, n) => `A${n + 1}=$A${n}$A${n}`).join('\n')}`,
      12,
      /^the value is longer than 128 KB$/,
    ],
  ];
  for (const [text, line, message] of mistakes)
    it(`is told of with its line: ${JSON.stringify(text.slice(0, 30))}`, () => assert.throws(() => parsed(text), { line, message }));

  it('comes back from quotes as it was', () =>
    holdsFor(fc.dictionary(fc.stringMatching(/^[A-Za-z_]\w{0,5}$/), fc.string({ unit: 'grapheme' })), (written) => {
      const values = Object.entries(written).map(([name, value]) => [name, value.replaceAll(/\0|\r\n/g, '')] as const);
      const inDouble = (value: string): string => `"${value.replaceAll(/[\\"$]/g, (found) => `\\${found}`)}"`;
      const text = values.map(([name, value]) => `${name}=${inDouble(value)}`).join('\n');
      assert.deepEqual([...parseEnvFile(text, () => undefined)], values);
    }));

  it('is found or refused soon, whatever is written', () => {
    const pieces = [
      'A',
      'export ',
      '=',
      ':',
      '"',
      "'",
      '\\',
      '$',
      '${',
      '}',
      ':-',
      ':?',
      '+',
      '#',
      ' #',
      '\n',
      '\r\n',
      ' ',
      '\0',
      '\uFEFF',
      'A=$A$A\n',
      "A='x'\n",
    ];
    return holdsFor(textOf(pieces), (text) =>
      assertWithin(100, 'an environment file', () => {
        try {
          parseEnvFile(text, lookUp);
        } catch (error) {
          assert.equal((error as Error).constructor.name, 'EnvFileError', String((error as Error).stack));
        }
      }),
    );
  });

  for (const piece of ['A=1\n', 'A="x"\n', '#\n', ' ', 'A', '\\', '$', '${A', "A='\n'\n", 'A=${B:-x}\n', '"'])
    it(`takes ten times as long for ten times as much of ${JSON.stringify(piece)}`, () => {
      const time = (count: number): number =>
        Math.min(
          ...Array.from({ length: 3 }, () =>
            cpuMillisOf(() => {
              for (const start of ['', 'A=', 'A="']) {
                try {
                  parseEnvFile(start + piece.repeat(count), lookUp);
                } catch {}
              }
            }),
          ),
        );
      time(1000);
      const [few, more] = [time(3000), time(30_000)];
      assert.ok(more <= Math.max(few, 2) * 35, `${few} ms, then ${more} ms`);
    });
});

describe('the environment files of a process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tw-env-'));
  after(() => rmSync(folder, { recursive: true }));
  const context = { workspaceFolder: folder, env: { OUTER: 'outer' }, portFor: () => Promise.resolve(1) };
  writeFileSync(join(folder, 'a.env'), '\uFEFFA=1\nB=1\nC=$OUTER\n');
  writeFileSync(join(folder, 'b.env'), 'B=2\nD=$A$OUTER\n');
  writeFileSync(join(folder, 'bad.env'), 'A=1\nB="\n');
  writeFileSync(join(folder, 'wide.env'), Buffer.from('\uFEFFA=1\n', 'utf16le'));
  const envOf = async (envFile: unknown, env = {}): Promise<unknown> => {
    const { specs, problems } = parseProcesses(JSON.stringify({ processes: { x: { command: 'x', envFile, env } } }));
    const spec = specs.get('x');
    assert.ok(spec, JSON.stringify(problems));
    return (await resolveSpec('x', spec, context)).env;
  };

  const all: [string, unknown, object][] = [
    ['one', 'a.env', { A: '1', B: '1', C: 'outer' }],
    ['several, of which the later ones count', ['a.env', 'b.env'], { A: '1', B: '2', C: 'outer', D: '1outer' }],
    ['one that may be absent', [{ path: 'none.env', required: false }, { path: 'b.env' }], { B: '2', D: 'outer' }],
    ['one by itself that may be absent', { path: 'none.env', required: false }, {}],
    ['one in a folder that may be absent', { path: 'none/a.env', required: false }, {}],
  ];
  for (const [what, written, expected] of all) it(`may be ${what}`, async () => assert.deepEqual(await envOf(written), expected));

  it('are below what is said in processes.json', async () =>
    assert.deepEqual(await envOf('a.env', { A: '9', B: null }), { A: '9', B: null, C: 'outer' }));

  const wrong: [string, unknown, RegExp][] = [
    ['absent', ['a.env', 'none.env'], /^Cannot read the environment file .*none\.env: no such file or directory \(ENOENT\)\.$/],
    ['absent, and required', { path: 'none.env', required: true }, /^Cannot read the environment file .*none\.env/],
    ['broken', { path: 'bad.env', required: false }, /bad\.env:2: the value begins with ", which is never closed\.$/],
    ['in UTF-16', 'wide.env', /^Cannot read the environment file .*wide\.env: it is encoded in UTF-16; save it as UTF-8\.$/],
    ['a folder', { path: '.', required: false }, /^Cannot read the environment file .*EISDIR/],
  ];
  for (const [what, written, message] of wrong)
    it(`are named where one is ${what}`, () => assert.rejects(envOf(written), { name: 'Error', message }));

  it('are checked in the file', () => {
    const messages = (envFile: unknown): string[] =>
      parseProcesses(JSON.stringify({ processes: { x: { command: 'x', envFile } } })).problems.map(({ message }) => message);
    assert.deepEqual(messages([{ path: 'a', require: false }]), [
      `processes.x.envFile.0: there is no key 'require'. Did you mean "required"? Known are path, required`,
    ]);
    assert.equal(messages(5).length, 1);
    assert.equal(messages({ required: false }).length, 1);
    assert.equal(messages('').length, 1);
  });
});
