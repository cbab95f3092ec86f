/**
 * Real language servers in a real VS Code, without the editor's own extensions for these languages: what each answers, whether it answers again after
 * a SIGKILL of all its processes, and what is left of it when the window is closed or the extension host is killed.
 * clangd and shellcheck (for bash) are used where they are installed.
 *   node test/bench/languageServers.ts [part of a server's name …]
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ensureManyLanguageServers, manyLanguageServersFolder } from '../../src/build/languageServers.ts';
import { Editor } from '../support/editor.ts';
import { LanguageProbe, languageExtension } from '../support/languageProbe.ts';
import { eventually } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';
import { printTable } from '../support/table.ts';

/** What is asked of a server, and what it is to say. Absent: it has none of that, or only by another program. */
interface Case {
  readonly name: string;
  readonly command: readonly string[];
  readonly documentSelector: readonly string[];
  readonly more?: object;
  readonly file: string;
  readonly text: string;
  /** Behind which text, and a label. */
  readonly completion?: readonly [string, string];
  readonly diagnostics?: RegExp;
  readonly hover?: readonly [string, RegExp];
  /** A word, and in how many places it is. */
  readonly rename?: readonly [string, number];
}

ensureManyLanguageServers();
const npmServer = (name: string, ...args: string[]): string[] => [
  process.execPath,
  join(manyLanguageServersFolder, 'node_modules', '.bin', name),
  ...args,
];
const schema = { type: 'object', properties: { colour: { type: 'string', enum: ['red', 'blue'], description: 'The colour of all.' } } };

const all: readonly Case[] = [
  {
    name: 'typescript-language-server',
    command: npmServer('typescript-language-server', '--stdio'),
    documentSelector: ['typescript'],
    more: { initializationOptions: { tsserver: { path: join(manyLanguageServersFolder, 'node_modules', 'typescript', 'lib') } } },
    file: 'main.ts',
    text: "const wrong: number = 'text';\nconst greeting = { hello: 'world' };\nconsole.log(greeting.hello);\n",
    completion: ['greeting.', 'hello'],
    diagnostics: /not assignable/,
    hover: ['greeting', /hello: string/],
    rename: ['greeting', 2],
  },
  {
    name: 'bash-language-server',
    command: npmServer('bash-language-server', 'start'),
    documentSelector: ['shellscript'],
    file: 'greet.sh',
    text: '#!/bin/bash\n# Greets.\ngreet() { echo hello $1; }\ngreet world\n',
    completion: ['gree', 'greet'],
    diagnostics: /Double quote/,
    hover: ['greet world', /Greets/],
    rename: ['greet world', 2],
  },
  {
    name: 'yaml-language-server',
    command: npmServer('yaml-language-server', '--stdio'),
    documentSelector: ['yaml'],
    more: { configuration: ['yaml'], settings: { yaml: { schemas: { './schema.json': 'paint.yaml' }, completion: true } } },
    file: 'paint.yaml',
    text: 'colour: green\nother: &one 1\nlast: *one\n',
    completion: ['colour: ', 'red'],
    diagnostics: /red/,
    hover: ['colour', /colour of all/],
    rename: ['one', 2],
  },
  {
    name: 'vscode-json-language-server',
    command: npmServer('vscode-json-language-server', '--stdio'),
    documentSelector: ['json'],
    more: {
      initializationOptions: { provideFormatter: true },
      settings: { json: { validate: { enable: true }, schemas: [{ fileMatch: ['paint.json'], schema }] } },
    },
    file: 'paint.json',
    text: '{ "colour": "green" }\n',
    completion: ['"colour": ', '"red"'],
    diagnostics: /red/,
    hover: ['"colour"', /colour of all/],
  },
  {
    name: 'vscode-css-language-server',
    command: npmServer('vscode-css-language-server', '--stdio'),
    documentSelector: ['css'],
    more: { configuration: ['css', 'less', 'scss'], settings: { css: { validate: true }, less: {}, scss: {} } },
    file: 'main.css',
    text: '.box { colour: red; }\n.box { color: r; }\n',
    completion: ['color: r', 'red'],
    diagnostics: /Unknown property/,
    hover: ['color', /color/],
    rename: ['.box', 2],
  },
  {
    name: 'vscode-html-language-server',
    command: npmServer('vscode-html-language-server', '--stdio'),
    documentSelector: ['html'],
    more: { settings: { html: {}, css: {}, javascript: {} } },
    file: 'index.html',
    text: '<body>\n<section><p>text</p></section>\n<tab\n</body>\n',
    completion: ['<tab', 'table'],
    hover: ['section><p>', /section/],
    rename: ['section><p>', 2],
  },
  {
    name: 'pyright',
    command: npmServer('pyright-langserver', '--stdio'),
    documentSelector: ['python'],
    more: { configuration: ['python'], settings: { 'python.analysis.typeCheckingMode': 'basic' } },
    file: 'main.py',
    text: 'greeting: dict[str, str] = {"hello": "world"}\nwrong: int = "text"\ngreeting.keys()\n',
    completion: ['greeting.', 'items'],
    diagnostics: /not assignable/,
    hover: ['greeting', /dict\[str, str\]/],
    rename: ['greeting', 2],
  },
  {
    name: 'clangd',
    command: ['clangd'],
    documentSelector: ['cpp'],
    file: 'main.cpp',
    text: 'struct Greeting { int hello; };\nint main() {\n  Greeting greeting{1};\n  const char *wrong = 1;\n  return greeting.hello;\n}\n',
    completion: ['greeting.', 'hello'],
    diagnostics: /cannot initialize/i,
    hover: ['greeting', /Greeting/],
    rename: ['greeting', 2],
  },
];

const named = process.argv.slice(2);
const cases = named.length === 0 ? all : all.filter(({ name }) => named.some((part) => name.includes(part)));
const languageServers = Object.fromEntries(
  cases.map(({ name, command, documentSelector, more }) => [name, { command, documentSelector, ...more }]),
);
const probe = new LanguageProbe(join(mkdtempSync(join(tmpdir(), 'tw-lsp-')), 'probe'));
const without = ['typescript', 'json', 'css', 'html'].map((language) => `${language}-language-features`);
const editor = await Editor.open({ workspace: null, extension: languageExtension, env: { LANGUAGE_PROBE: probe.path }, without });
try {
  mkdirSync(join(editor.workspace, '.vscode'));
  writeFileSync(join(editor.workspace, '.vscode', 'processes.json'), JSON.stringify({ languageServers }));
  writeFileSync(join(editor.workspace, 'schema.json'), JSON.stringify(schema));
  for (const { file, text } of cases) writeFileSync(join(editor.workspace, file), text);
  await editor.load();
  await editor.showProcesses();
  const rows: string[][] = [];
  for (const one of cases) {
    await showFile(one.file);
    const answers = await ask(one);
    rows.push([one.name, await versionOf(one), ...answers]);
    console.log(rows.at(-1)?.join('  '));
  }
  await editor.screenshot('all language servers');
  for (const [index, one] of cases.entries()) rows[index]?.push(await afterKill(one));
  const before = cases.map(pidsOf);
  await editor.page.close();
  await isSo(async () => !before.flat().some(isAlive));
  for (const [index, pids] of before.entries()) rows[index]?.push(`${pids.length} → ${pids.filter(isAlive).length}`);
  await editor.load();
  for (const { file } of cases) await showFile(file);
  for (const one of cases) await isSo(async () => pidsOf(one).length > 0);
  for (const one of cases) await hovers(one);
  const again = cases.map(pidsOf);
  for (const pid of editor.extensionHostPids) process.kill(pid, 'SIGKILL');
  await isSo(async () => !again.flat().some(isAlive));
  for (const [index, pids] of again.entries()) rows[index]?.push(`${pids.length} → ${pids.filter(isAlive).length}`);
  printTable(
    'language servers',
    [
      'server',
      'introduces itself as',
      'completion',
      'diagnostics',
      'hover',
      'rename',
      'after SIGKILL',
      'window closed: processes',
      'host SIGKILLed: processes',
    ],
    rows,
  );
} finally {
  await editor[Symbol.asyncDispose]();
  rmSync(dirname(probe.path), { recursive: true });
}

async function ask({ name, file, completion, diagnostics, hover, rename }: Case): Promise<string[]> {
  const answer = async <T>(asked: unknown, question: () => Promise<T>, isRight: (answer: T) => boolean): Promise<string> => {
    if (asked === undefined) return '–';
    let last: unknown;
    const isSeen = await isSo(async () => {
      const answered = await question().catch((error: unknown) => {
        last = error;
        throw error;
      });
      last = answered;
      return isRight(answered);
    });
    if (!isSeen) console.log(`${name} answered:`, last);
    return isSeen ? 'yes' : 'NO';
  };
  const [behind = '', label = ''] = completion ?? [];
  const [word = '', text] = hover ?? [];
  const [renamed = '', places] = rename ?? [];
  return [
    await answer(
      completion,
      () => probe.completion(file, behind),
      (labels) => labels.some((one) => one.trim() === label),
    ),
    await answer(
      diagnostics,
      () => probe.diagnostics(file),
      (messages) => messages.some((message) => diagnostics?.test(message)),
    ),
    await answer(
      hover,
      () => probe.hover(file, word),
      (said) => text?.test(said) === true,
    ),
    await answer(
      rename,
      () => probe.rename(file, renamed, 'renamed'),
      (count) => count === places,
    ),
  ];
}

/** Seconds until it answers a hover again, about a document that was changed and not saved. */
async function afterKill(one: Case): Promise<string> {
  const killed = pidsOf(one);
  await probe.edit(one.file, '\n', '\n\n');
  const begun = performance.now();
  for (const pid of killed) process.kill(pid, 'SIGKILL');
  const isNew = await isSo(async () => pidsOf(one).length > 0 && pidsOf(one).every((pid) => !killed.includes(pid)));
  const answers = isNew && (await hovers(one));
  return answers ? `answers again, ${((performance.now() - begun) / 1000).toFixed(1)} s` : 'NO';
}

async function hovers({ file, hover }: Case): Promise<boolean> {
  return await isSo(async () => hover?.[1].test(await probe.hover(file, hover[0])) ?? false);
}

async function showFile(file: string): Promise<void> {
  await isSo(async () => {
    await probe.show(file);
    return true;
  });
}

async function versionOf({ name }: Case): Promise<string> {
  const text = await editor.waitForRow(name, /, running, .*MB/);
  return text.match(/MB(?: {2}\d+ requests?\/min)? {2}(?!\d+ requests?\/)(.*)$/)?.[1] ?? '–';
}

/** Of all its processes, as its tree has them. */
function pidsOf({ name }: Case): number[] {
  const tree = editor.run.ps().find((one) => one.name === `lsp:${name}`);
  return tree?.members.map(({ pid }) => pid) ?? [];
}

async function isSo(question: () => Promise<boolean>): Promise<boolean> {
  return await eventually('it is so', () => question().catch(() => false), 8_000).then(
    () => true,
    () => false,
  );
}
