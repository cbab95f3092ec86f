/** Where the files of MCP clients are, and that one is replaced as a whole or not at all. */
import assert from 'node:assert/strict';
import { chmodSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { clientFiles } from '../../../../src/config/mcp/clientFiles.ts';
import { findClientFiles } from '../../../../src/config/mcp/plannedChange.ts';
import { readClientFile, replaceFile } from '../../../../src/config/mcp/replaceFile.ts';

describe('the files of MCP clients', () => {
  const shown = (context: Partial<Parameters<typeof clientFiles>[0]>): string[] =>
    clientFiles({ home: '/h', env: {}, isMac: false, folders: ['/w'], ...context }).map(
      ({ path, client, scope }) => `${scope} ${client}: ${path}`,
    );

  it('are where their clients document them', () => {
    assert.deepEqual(shown({}), [
      'workspace VS Code: /w/.vscode/mcp.json',
      'workspace Claude Code: /w/.mcp.json',
      'workspace Cursor: /w/.cursor/mcp.json',
      'user VS Code: /h/.config/Code/User/mcp.json',
      'user VS Code: /h/.config/Code - Insiders/User/mcp.json',
      'user Copilot: /h/.copilot/mcp-config.json',
      'user Claude Code: /h/.claude.json',
      'user Claude Desktop: /h/.config/Claude/claude_desktop_config.json',
      'user Cursor: /h/.cursor/mcp.json',
      'user Windsurf: /h/.codeium/windsurf/mcp_config.json',
    ]);
  });

  it('are elsewhere on a Mac, and where variables say so', () => {
    const mac = shown({ isMac: true });
    assert.ok(mac.includes('user Claude Desktop: /h/Library/Application Support/Claude/claude_desktop_config.json'));
    assert.ok(mac.includes('user VS Code: /h/Library/Application Support/Code/User/mcp.json'));
    const others = shown({ env: { XDG_CONFIG_HOME: '/c', COPILOT_HOME: '/p' }, editorUserFolder: '/remote/User' });
    assert.ok(
      ['user VS Code: /remote/User/mcp.json', 'user VS Code: /c/Code/User/mcp.json', 'user Copilot: /p/mcp-config.json'].every((line) =>
        others.includes(line),
      ),
    );
  });

  it('are named once where the workspace is the home folder', () => {
    assert.equal(shown({ folders: ['/h'] }).filter((line) => line.endsWith(' /h/.cursor/mcp.json')).length, 1);
  });
});

describe('a file', () => {
  let folder: string;
  const path = (name: string): string => join(folder, name);
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'tw-client-files-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const read = (name: string): NonNullable<ReturnType<typeof readClientFile>> => {
    const file = readClientFile(path(name));
    assert.ok(file);
    return file;
  };

  it('that is replaced keeps its mode, its byte order mark, and the link that leads to it', () => {
    writeFileSync(path('real'), '\uFEFF{}');
    chmodSync(path('real'), 0o604);
    symlinkSync('real', path('link'));
    replaceFile(read('link'), '{ }');
    assert.equal(readFileSync(path('real'), 'utf8'), '\uFEFF{ }');
    assert.equal(statSync(path('real')).mode & 0o777, 0o604);
    assert.ok(lstatSync(path('link')).isSymbolicLink());
    assert.deepEqual(readdirSync(folder).sort(), ['link', 'real']);
  });

  it('that has changed meanwhile is left as it is', () => {
    writeFileSync(path('changing'), '{}');
    const file = read('changing');
    writeFileSync(path('changing'), '{ "of": "another" }');
    assert.throws(() => replaceFile(file, '[]'), /changing was changed by another program in the meantime/);
    assert.equal(readFileSync(path('changing'), 'utf8'), '{ "of": "another" }');
    rmSync(path('changing'));
    assert.throws(() => replaceFile(file, '[]'), /changing cannot be written: no such file or directory \(ENOENT\)\. It was left/);
    assert.deepEqual(readdirSync(folder).sort(), ['link', 'real']);
  });

  it('that cannot be used is named with the reason, beside those that can', () => {
    writeFileSync(path('broken'), '{ "servers": ');
    writeFileSync(path('binary'), Buffer.from([0xc3, 0x28]));
    writeFileSync(path('good'), '{}');
    const candidates = ['broken', 'binary', 'good', 'missing', ''].map((name) => ({
      path: path(name),
      client: '',
      scope: 'user' as const,
    }));
    const { found, broken } = findClientFiles(candidates);
    assert.deepEqual(
      found.map((one) => one.path),
      [path('good')],
    );
    assert.deepEqual(
      broken.map(({ problem }) => problem.replace(folder, '')),
      [
        '/broken was left as it is: line 1, column 14: Not valid JSON: value expected.',
        '/binary was left as it is: it is not text in UTF-8; save it as UTF-8.',
        ' was left as it is: it is not a plain file.',
      ],
    );
  });
});
