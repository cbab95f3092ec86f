/** Guarding the servers in the files of other clients: what changes, what does not, and that it can be undone to the byte. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parse } from 'jsonc-parser';
import { ClientFileError, declaredServers } from '../../../../src/config/mcp/declaredServers.ts';
import { guardServers, unguardServers } from '../../../../src/config/mcp/guardEdits.ts';
import { holdsFor } from '../../../support/property.ts';

const launcher = '/home/me/.local/state/tree-warden/bin/guard-mcp';
const guarded = JSON.stringify(launcher);

describe('guarding a declared MCP server', () => {
  const cases: [string, string, string][] = [
    [
      'puts the launcher in front of the arguments, on their line',
      '{ "mcpServers": { "files": { "command": "npx", "args": ["-y", "pkg"] } } }',
      `{ "mcpServers": { "files": { "command": ${guarded}, "args": ["files", "--", "npx", "-y", "pkg"] } } }`,
    ],
    [
      'keeps comments, indentation, trailing commas and line ends',
      '{\r\n\t// mine\r\n\t"servers": {\r\n\t\t"files": {\r\n\t\t\t"command": "npx", // c\r\n\t\t\t"args": [\r\n\t\t\t\t"-y",\r\n\t\t\t],\r\n\t\t},\r\n\t},\r\n}\r\n',
      `{\r\n\t// mine\r\n\t"servers": {\r\n\t\t"files": {\r\n\t\t\t"command": ${guarded}, // c\r\n\t\t\t"args": [\r\n\t\t\t\t"files", "--", "npx",\r\n\t\t\t\t"-y",\r\n\t\t\t],\r\n\t\t},\r\n\t},\r\n}\r\n`,
    ],
    [
      'writes arguments where there are none',
      '{"servers":{"a":{"command":"serve"}}}',
      `{"servers":{"a":{"command":${guarded}, "args": ["a", "--alone", "serve"]}}}`,
    ],
    [
      'writes them on a line of their own where the command has one',
      '{\n  "servers": {\n    "a": {\n      "command": "serve"\n    }\n  }\n}',
      `{\n  "servers": {\n    "a": {\n      "command": ${guarded},\n      "args": ["a", "--alone", "serve"]\n    }\n  }\n}`,
    ],
    [
      'fills an empty list',
      '{"servers":{"a":{"args":[ ],"command":"serve"}}}',
      `{"servers":{"a":{"args":["a", "--", "serve" ],"command":${guarded}}}}`,
    ],
    [
      'leaves environment, folder and variables as they are',
      '{"inputs":[{"id":"key"}],"servers":{"a":{"type":"stdio","command":"${workspaceFolder}/s","args":["${input:key}"],"env":{"K":"${input:key}"},"cwd":"x","envFile":".env"}}}',
      `{"inputs":[{"id":"key"}],"servers":{"a":{"type":"stdio","command":${guarded},"args":["a", "--", "\${workspaceFolder}/s", "\${input:key}"],"env":{"K":"\${input:key}"},"cwd":"x","envFile":".env"}}}`,
    ],
    [
      'keeps the spelling of the command',
      '{"servers":{"a":{"command":"n\\u0070x","args":["x"]}}}',
      `{"servers":{"a":{"command":${guarded},"args":["a", "--", "n\\u0070x", "x"]}}}`,
    ],
    [
      'lists a server by a name that a tree can have',
      '{"servers":{"$(touch x)\\n":{"command":"a","args":["x"]}}}',
      `{"servers":{"$(touch x)\\n":{"command":${guarded},"args":["touch x-", "--", "a", "x"]}}}`,
    ],
    [
      'finds the servers of the projects of Claude Code',
      '{"projects":{"/w":{"mcpServers":{"a":{"command":"x","args":["y"]}}}},"mcpServers":{}}',
      `{"projects":{"/w":{"mcpServers":{"a":{"command":${guarded},"args":["a", "--", "x", "y"]}}}},"mcpServers":{}}`,
    ],
  ];
  for (const [what, before, after] of cases) {
    it(what, () => {
      assert.equal(guardServers(before, launcher), after);
      assert.equal(unguardServers(after), before);
    });
  }

  it('changes the chosen ones only', () => {
    const text = '{"servers":{"a":{"command":"x","args":["1"]},"b":{"command":"x","args":["2"]}}}';
    const changed = guardServers(text, launcher, ({ name }) => name === 'b');
    assert.deepEqual(
      declaredServers(changed).map(({ state, argv }) => [state, argv]),
      [
        ['bare', ['x', '1']],
        ['guarded', ['x', '2']],
      ],
    );
    assert.equal(
      guardServers(changed, launcher, ({ name }) => name === 'b'),
      changed,
    );
  });
});

describe('a server that is left as it is', () => {
  const cases: [string, object | string, RegExp][] = [
    ['is remote', { url: 'https://x', command: 'x' }, /remote/],
    ['is remote by its type', { type: 'http', command: 'x' }, /remote/],
    ['is remote, of Windsurf', { serverUrl: 'https://x' }, /remote/],
    ['has no command', { args: ['x'] }, /no command/],
    ['has an empty command', { command: ' ' }, /no command/],
    ['has a list as its command', { command: ['x'] }, /no command/],
    ['has other arguments than strings', { command: 'x', args: ['y', 1] }, /not a list of strings/],
    ['has no list of arguments', { command: 'x', args: 'y' }, /not a list of strings/],
    ['is no object', '"x"', /not an object/],
    ['has a key twice', '{"command":"x","command":"y"}', /command twice/],
    ['runs Tree Warden', { command: '/usr/bin/tree-warden', args: ['mcp'] }, /Tree Warden already/],
    [
      'runs the script of Tree Warden',
      { command: 'node', args: ['/e/tree-warden.tree-warden-0.1.0/dist/cli.js', 'run'] },
      /Tree Warden already/,
    ],
    ['is debugged', { command: 'node', args: ['x'], dev: { debug: { type: 'node' } } }, /debugged/],
    ['runs in a sandbox', { command: 'node', sandboxEnabled: true }, /sandbox/],
    ['has lost the command behind its guard', { command: launcher, args: ['a'] }, /guard was changed/],
  ];
  for (const [what, entry, why] of cases) {
    it(what, () => {
      const text = `{"mcpServers":{"a":${typeof entry === 'string' ? entry : JSON.stringify(entry)}}}`;
      const [server] = declaredServers(text);
      assert.equal(server?.state, 'other');
      assert.match(server?.why ?? '', why);
      assert.equal(guardServers(text, launcher), text);
      assert.equal(unguardServers(text), text);
    });
  }

  it('has a name that is declared twice', () => {
    const text = '{"servers":{"a":{"command":"x"},"a":{"command":"y"}}}';
    assert.equal(guardServers(text, launcher), text);
  });
});

describe('a guard that others have touched', () => {
  const cases: [string, string, string][] = [
    [
      'has more arguments now',
      `{"servers":{"a":{"command":${guarded}, "args": ["a", "--alone", "s", "-v"]}}}`,
      '{"servers":{"a":{"command":"s", "args": ["-v"]}}}',
    ],
    [
      'has a trailing comma now',
      `{"servers":{"a":{"command":${guarded},"args":["a", "--", "s",]}}}`,
      '{"servers":{"a":{"command":"s","args":[]}}}',
    ],
    [
      'has its keys in another order',
      `{"servers":{"a":{"args":["a", "--alone", "s"],"command":${guarded}}}}`,
      '{"servers":{"a":{"args":[],"command":"s"}}}',
    ],
    [
      'is of another folder of state',
      '{"servers":{"a":{"command":"/x/tree-warden/bin/guard-mcp","args":["a", "--", "s", "t"]}}}',
      '{"servers":{"a":{"command":"s","args":["t"]}}}',
    ],
  ];
  for (const [what, before, after] of cases) it(`is undone where it ${what}`, () => assert.equal(unguardServers(before), after));
});

describe('a file that cannot be used', () => {
  const cases: [string, string, RegExp][] = [
    ['is broken', '{\n  "servers": {', /^line 2, column \d+: Not valid JSON/],
    ['is nested without end', '['.repeat(100_000), /nested more than/],
    ['is a list', '[]', /not an object/],
    [
      'has too many servers',
      JSON.stringify({ servers: Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [index, {}])) }),
      /more than 1000/,
    ],
  ];
  for (const [what, text, message] of cases)
    it(`is refused where it ${what}`, () =>
      assert.throws(
        () => guardServers(text, launcher),
        (error) => error instanceof ClientFileError && message.test(error.message),
      ));

  it('is not refused where it is empty, or has no servers', () => {
    for (const text of ['', '{}', '// none', '{"servers":null}', '{"mcpServers":[]}', '{"projects":{"a":1}}'])
      assert.equal(guardServers(text, launcher), text);
  });
});

describe('for any file', () => {
  const word = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom('npx', '-y', '${input:key}', '--', '--alone', 'ü 😀', '\\', '"', '/* no comment */'),
  );
  const program = word.filter((text) => text.trim() !== '');
  const entry = fc.oneof(
    fc.record(
      { command: program, args: fc.array(word, { maxLength: 4 }), env: fc.dictionary(word, word, { maxKeys: 2 }) },
      { requiredKeys: ['command'] },
    ),
    fc.record({ type: fc.constantFrom('http', 'stdio', 'sse'), command: program, url: fc.webUrl() }, { requiredKeys: ['type'] }),
    fc.anything({ maxDepth: 1 }),
  );
  const servers = fc.dictionary(word, entry, { maxKeys: 4 });
  const file = fc.record(
    {
      inputs: fc.array(word, { maxLength: 2 }),
      servers,
      mcpServers: servers,
      projects: fc.dictionary(word, fc.record({ mcpServers: servers }), { maxKeys: 2 }),
    },
    { requiredKeys: [] },
  );
  const text = fc.tuple(file, fc.constantFrom('', 2, '\t'), fc.boolean(), fc.boolean()).map(([value, indent, hasComments, hasReturns]) => {
    const plain = JSON.stringify(value, null, indent);
    // Between lines, where no string is.
    const commented = hasComments ? plain.replaceAll('\n', '\n/* a comment */ ') : plain;
    return hasReturns ? commented.replaceAll('\n', '\r\n') : commented;
  });

  it('undoing gives the bytes before, and guarding twice is guarding once', async () => {
    await holdsFor(text, (before) => {
      const after = guardServers(before, launcher);
      assert.equal(unguardServers(after), before);
      assert.equal(guardServers(after, launcher), after);
    });
  });

  it('each server starts what it did, and nothing else has changed', async () => {
    await holdsFor(text, (before) => {
      const [was, is] = [before, guardServers(before, launcher)].map((one) => declaredServers(one));
      assert.deepEqual(
        is?.map(({ argv }) => argv),
        was?.map(({ argv }) => argv),
      );
      assert.ok(is?.every(({ state }) => state !== 'bare'));
      const withoutCommands = (one: string): unknown => stripped(parse(one));
      assert.deepEqual(withoutCommands(guardServers(before, launcher)), withoutCommands(before));
    });
  });

  it('no text makes it fail otherwise than by saying what is wrong', async () => {
    const pieces = fc.array(
      fc.constantFrom('{', '}', '[', ']', '"servers"', '"command"', '"args"', '"x"', ':', ',', '//\n', '/*', '*/', '\\', '"'),
      { maxLength: 40 },
    );
    await holdsFor(
      pieces.map((list) => list.join('')),
      (any) => {
        try {
          assert.equal(unguardServers(guardServers(any, launcher)), any);
        } catch (error) {
          assert.ok(error instanceof ClientFileError, String(error));
        }
      },
    );
  });
});

/**
 * Without commands and arguments, which a guard changes, on every level. Not by a copy through JSON: V8 of Node 24 reads the key `"\\""` as `\\` where an object before it has had that
 * one in the same place.
 */
function stripped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stripped);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== 'command' && key !== 'args');
  return Object.fromEntries(entries.map(([key, one]) => [key, stripped(one)]));
}
