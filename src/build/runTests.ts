/**
 * Builds and runs tests; the last line is `N passed, N failed`.
 *   node src/build/runTests.ts [unit|system|windows|host]…      all of them where none is named
 * As root, the system tests run a second time as an ordinary user.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { delegateCgroup } from './delegatedCgroup.ts';
import { ensureEditorHost } from './editorHost.ts';
import { ensureEngine } from './engine.ts';
import { root } from './paths.ts';

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const ordinaryUser = 65534;
const named = process.argv.slice(2);
const wanted = (kind: string): boolean => named.length === 0 || named.includes(kind);

const results: Counts[] = [];
if (named.length === 0) results.push(check('format, lint and unused code', 'npm', ['run', '-s', 'lint']));
execFileSync(process.execPath, [join(root, 'src', 'build', 'bundle.ts')], { cwd: root, stdio: 'inherit' });
if (wanted('unit')) results.push(await runTests('unit', 4));
if (wanted('system')) {
  ensureEngine();
  results.push(await runTests('system', 2));
  if (process.getuid?.() === 0) results.push(await runTests('system', 2, ordinaryUser));
}
if (wanted('windows')) results.push(await runTests('windows', 1));
if (wanted('host')) {
  ensureEditorHost();
  results.push(await runTests('host', 1));
}
const total = (key: keyof Counts): number => results.reduce((sum, counts) => sum + counts[key], 0);
const skipped = total('skipped') > 0 ? `, ${total('skipped')} skipped` : '';
console.log(`${total('passed')} passed, ${total('failed')} failed${skipped}`);
process.exitCode = total('failed') === 0 && total('passed') > 0 ? 0 : 1;

function check(what: string, command: string, args: readonly string[]): Counts {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) console.log(`not ok: ${what}`);
  return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
}

async function runTests(kind: string, concurrency: number, uid?: number): Promise<Counts> {
  const files = readdirSync(join(root, 'test', kind), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => join(root, 'test', kind, name));
  console.log(`\n== ${kind} tests${uid === undefined ? '' : ` as user ${uid}`}`);
  const args = ['--test', `--test-concurrency=${concurrency}`, '--test-timeout=120000', ...files];
  if (uid === undefined) return await countResults(process.execPath, args, process.env);
  const home = mkdtempSync(join(tmpdir(), 'tw-home-'));
  chmodSync(home, 0o777);
  const drop = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--inh-caps=-all', '--bounding-set=-all', process.execPath];
  const env = { ...process.env, HOME: home, XDG_RUNTIME_DIR: home, XDG_STATE_HOME: home };
  using cgroup = delegateCgroup(uid);
  const [program = 'setpriv', ...before] = cgroup?.prefix ?? [];
  const counts = await countResults(program, [...before, ...(cgroup ? ['setpriv'] : []), ...drop, ...args], env);
  rmSync(home, { recursive: true, force: true });
  return counts;
}

/** Passes the runner's output on, and reads its closing lines. */
async function countResults(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Counts> {
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let tail = '';
  child.stdout.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk);
    tail = `${tail}${chunk}`.slice(-2_000_000);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const count = (word: string): number => Number(tail.match(new RegExp(`^ℹ ${word} (\\d+)$`, 'm'))?.[1] ?? 0);
  const failed = count('fail') + count('cancelled');
  // A runner that failed without a failing test has still failed.
  return { passed: count('pass'), failed: code === 0 ? failed : Math.max(failed, 1), skipped: count('skipped') };
}
