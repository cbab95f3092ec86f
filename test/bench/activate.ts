/** What the extension costs at start: size of its bundle, time to load and activate, and that nothing native comes with it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../src/build/paths.ts';
import { printTable } from '../support/table.ts';

const bundle = join(root, 'dist', 'extension.js');
const rounds = 15;

/** The editor's API as far as activation touches it; every class and function is one that does nothing. */
const script = `
const Module = require('node:module');
const nothing = new Proxy(function () {}, {
  get: (target, key) => (key === Symbol.toPrimitive ? () => '' : key === Symbol.iterator ? [][Symbol.iterator] : key === 'then' ? undefined : key === 'fsPath' ? '/tmp' : key === 'workspaceFolders' ? [] : nothing),
  apply: () => nothing,
  construct: () => nothing,
  set: () => true,
});
const names = ['window', 'workspace', 'languages', 'commands', 'tasks', 'l10n', 'env', 'Uri', 'EventEmitter', 'Disposable', 'ThemeIcon', 'ThemeColor', 'TreeItem',
  'TreeItemCollapsibleState', 'StatusBarAlignment', 'RelativePattern', 'MarkdownString', 'lm', 'ProgressLocation', 'DiagnosticSeverity', 'Task', 'CustomExecution', 'debug'];
const editor = Object.fromEntries(names.map((name) => [name, nothing]));
const load = Module._load;
const native = [];
Module._load = (request, ...rest) => {
  if (request === 'vscode') return editor;
  if (/koffi|node-pty|pidusage|\\.node$/.test(request)) native.push(request);
  return load(request, ...rest);
};
const before = process.hrtime.bigint();
const extension = require(${JSON.stringify(bundle)});
extension.activate({ subscriptions: [], extension: { packageJSON: require(${JSON.stringify(join(root, 'package.json'))}) }, secrets: nothing, environmentVariableCollection: nothing, extensionUri: nothing, globalStorageUri: nothing, asAbsolutePath: (path) => path, logUri: { fsPath: '/tmp' }, workspaceState: { get: (key, otherwise = false) => otherwise } });
console.log(JSON.stringify({ millis: Number(process.hrtime.bigint() - before) / 1e6, native }));
process.exit();
`;

const folder = mkdtempSync(join(tmpdir(), 'tw-activate-'));
writeFileSync(join(folder, 'activate.cjs'), script);
const results = Array.from({ length: rounds }, () => {
  const { stdout, stderr } = spawnSync(process.execPath, [join(folder, 'activate.cjs')], { encoding: 'utf8' });
  if (!stdout) throw new Error(stderr);
  return JSON.parse(stdout) as { readonly millis: number; readonly native: readonly string[] };
});
rmSync(folder, { recursive: true });
const times = results.map(({ millis }) => millis).sort((a, b) => a - b);
printTable(
  'the extension at start',
  ['', ''],
  [
    ['size of dist/extension.js', `${(statSync(bundle).size / 1024).toFixed(0)} KB`],
    ['load and activate, median of 15 fresh processes', `${times[Math.floor(rounds / 2)]?.toFixed(1)} ms`],
    ['the slowest of them', `${times.at(-1)?.toFixed(1)} ms`],
    ['native modules loaded', results.flatMap(({ native }) => native).join(', ') || 'none'],
  ],
);
