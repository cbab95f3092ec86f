/**
 * Builds and runs tests; the last line is `N passed, N failed`, behind what failed, the slowest files, and the minutes of each part.
 *   node src/build/runTests.ts [unit|system|attack|windows|host]… [--full]      all of them where none is named
 * Where no kind is named, the most important files of the system's and the editor's tests are run, and a part of the others, another one each
 * day. As root, the system tests in which the user matters and the attacks run a second time as an ordinary user. With `--full`, all files are
 * run, those of the system twice, and what is otherwise sampled is tried as a whole.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { delegateCgroup } from './delegatedCgroup.ts';
import { ensureEditorHost } from './editorHost.ts';
import { ensureEngine } from './engine.ts';
import { ensureLanguageServers } from './languageServers.ts';
import { ensureMcpServers } from './mcpServers.ts';
import { cacheFolder, root } from './paths.ts';
import { ensureProjectPackages } from './projectPackages.ts';
import type { TestReport } from './testReporter.ts';
import { isTried, isTriedByUser, type Selection, seedOf } from './testSelection.ts';

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const ordinaryUser = 65534;
const { values, positionals: named } = parseArgs({ options: { full: { type: 'boolean', default: false } }, allowPositionals: true });
const wanted = (kind: string): boolean => named.length === 0 || named.includes(kind);
const seed = seedOf(process.env['TREE_WARDEN_MATRIX_SEED'], new Date());
const selection: Selection = { full: values.full, named: named.length > 0, seed };
const isRoot = process.getuid?.() === 0;
/** The longest that a file of tests may take, in milliseconds. */
const fileTimeout = values.full ? 3_600_000 : 120_000;

/** Files in the table of the slowest ones. */
const slowestCount = 12;

const parts: { readonly name: string; readonly counts: Counts; readonly minutes: number }[] = [];
const failures: string[] = [];
const files: { readonly name: string; readonly seconds: number }[] = [];
if (named.length === 0) await part('lint', () => check('format, lint and unused code', 'npm', ['run', '-s', 'lint']));
execFileSync(process.execPath, [join(root, 'src', 'build', 'bundle.ts')], { cwd: root, stdio: 'inherit' });
if (wanted('unit')) await part('unit', () => runTests('unit', 4));
if (wanted('system')) {
  ensureEngine();
  ensureMcpServers();
  if (values.full) ensureProjectPackages();
  await part('system', () => runTests('system', 2));
  if (isRoot) await part('system, as an ordinary user', () => runTests('system', 2, ordinaryUser));
}
if (wanted('attack')) {
  await part('attack', () => runTests('attack', 1));
  if (isRoot) await part('attack, as an ordinary user', () => runTests('attack', 1, ordinaryUser));
}
if (wanted('windows')) await part('windows', () => runTests('windows', 1));
if (wanted('host')) {
  ensureEditorHost();
  ensureLanguageServers();
  // An editor waits more than it works while it starts and ends.
  await part('host', () => runTests('host', 2));
}
if (files.length > slowestCount) {
  console.log('\n| slowest files | seconds |\n| --- | --- |');
  for (const { name, seconds } of files.sort((a, b) => b.seconds - a.seconds).slice(0, slowestCount))
    console.log(`| ${name} | ${seconds.toFixed(0)} |`);
}
for (const failure of failures) console.log(`\nnot ok: ${failure}`);
console.log('\n| part | minutes | passed | failed | skipped |\n| --- | --- | --- | --- | --- |');
for (const { name, minutes, counts } of parts)
  console.log(`| ${name} | ${minutes.toFixed(1)} | ${counts.passed} | ${counts.failed} | ${counts.skipped} |`);
const total = (key: keyof Counts): number => parts.reduce((sum, { counts }) => sum + counts[key], 0);
const skipped = total('skipped') > 0 ? `, ${total('skipped')} skipped` : '';
console.log(`\n${total('passed')} passed, ${total('failed')} failed${skipped}`);
process.exitCode = total('failed') === 0 && total('passed') > 0 ? 0 : 1;

async function part(name: string, work: () => Counts | Promise<Counts>): Promise<void> {
  const begun = performance.now();
  const counts = await work();
  parts.push({ name, counts, minutes: (performance.now() - begun) / 60_000 });
}

function check(what: string, command: string, args: readonly string[]): Counts {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) console.log(`not ok: ${what}`);
  return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
}

async function runTests(kind: string, concurrency: number, uid?: number): Promise<Counts> {
  const all = readdirSync(join(root, 'test', kind), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .sort();
  const isChosen = (file: string, index: number): boolean =>
    uid !== undefined && kind === 'system' ? isTriedByUser(file, index, selection) : isTried(kind, file, index, selection);
  const paths = all.filter(isChosen).map((name) => join(root, 'test', kind, name));
  const which = uid === undefined ? '' : ` as user ${uid}`;
  console.log(`\n== ${kind} tests${which}: ${paths.length} of ${all.length} files; the same again: TREE_WARDEN_MATRIX_SEED=${seed}`);
  const home = mkdtempSync(join(tmpdir(), 'tw-home-'));
  const report = join(home, 'report.jsonl');
  const reporters = ['spec', 'stdout', join(root, 'src', 'build', 'testReporter.ts'), report];
  const args = [
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${fileTimeout}`,
    ...reporters.map((value, index) => `--test-reporter${index % 2 === 0 ? '' : '-destination'}=${value}`),
    ...paths,
  ];
  const scope = values.full ? 'full' : process.env['TREE_WARDEN_TESTS'];
  // Thousands of processes read the same programs: what Node has compiled once is kept, for its user.
  const compiled = join(uid === undefined ? cacheFolder : home, 'compiled');
  const env = { ...process.env, NODE_COMPILE_CACHE: compiled, ...(scope !== undefined && { TREE_WARDEN_TESTS: scope }) };
  try {
    if (uid === undefined) return countResults(await run(process.execPath, args, env), report);
    chmodSync(home, 0o777);
    const drop = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--inh-caps=-all', '--bounding-set=-all', process.execPath];
    const own = { ...env, TREE_WARDEN_TESTS: scope ?? 'sample', HOME: home, XDG_RUNTIME_DIR: home, XDG_STATE_HOME: home };
    using cgroup = delegateCgroup(uid);
    const [program = 'setpriv', ...before] = cgroup?.prefix ?? [];
    return countResults(await run(program, [...before, ...(cgroup ? ['setpriv'] : []), ...drop, ...args], own), report);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number | null> {
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
  return await new Promise((resolve) => child.once('close', resolve));
}

/** Reads what `testReporter.ts` wrote. */
function countResults(code: number | null, report: string): Counts {
  const lines = existsSync(report) ? readFileSync(report, 'utf8').split('\n').filter(Boolean) : [];
  // A runner that failed without a failing test has still failed.
  let counts: Counts = { passed: 0, failed: code === 0 ? 0 : 1, skipped: 0 };
  for (const line of lines) {
    const entry = JSON.parse(line) as TestReport;
    if (entry.kind === 'failure') failures.push(`${entry.name} (${relative(root, entry.file)})\n${entry.reason}`);
    else if (entry.kind === 'file') files.push({ name: relative(root, entry.file), seconds: entry.seconds });
    else counts = { ...entry, failed: code === 0 ? entry.failed : Math.max(entry.failed, 1) };
  }
  return counts;
}
