import { finished } from 'node:stream/promises';
import { formatBytes } from '../protocol/format.ts';
import { type Command, CommandError, type Exit, type Run, type RunOptions, type RunResult, type SpawnOptions, type Tree } from './api.ts';
import { runOptionsFrom } from './options.ts';
import { templated } from './template.ts';

const defaultMaxBuffer = 100 * 2 ** 20;
/** Bounds of what the message of a failure quotes; the error has all of it. */
const quoted = { commandLine: 200, lines: 10, line: 500 } as const;

interface Collected {
  readonly text: string;
  /** Why it is not all, as a clause. */
  readonly problem?: string;
}

/** Commands that are run to their end, by means of those that are started; their stderr is read. */
export function runBy(spawn: (command: Command, options?: SpawnOptions) => Promise<Tree>): Run {
  return templated(async (command, given: RunOptions = {}) => {
    // Before anything is started.
    const { input, maxBuffer = defaultMaxBuffer } = runOptionsFrom(given);
    const { input: _input, maxBuffer: _maxBuffer, ...options } = given;
    const tree = await spawn(command, { ...options, stdin: 'pipe' });
    tree.stdin.end(input);
    const [stdout, stderr] = await Promise.all([collect(tree, 'stdout', maxBuffer), collect(tree, 'stderr', maxBuffer)]);
    const exit = await tree.exited;
    options.signal?.throwIfAborted();
    return resultOf(tree.commandLine, { stdout: stdout.text, stderr: stderr.text, exit }, stdout.problem ?? stderr.problem);
  }) as Run;
}

/** @throws CommandError */
function resultOf(commandLine: string, result: RunResult, problem: string | undefined): RunResult {
  const trimmed = { ...result, stdout: withoutLineBreak(result.stdout), stderr: withoutLineBreak(result.stderr) };
  if (problem === undefined && hasSucceeded(result.exit)) return trimmed;
  const reason = `“${clipped(commandLine, quoted.commandLine)}” failed: ${problem ?? result.exit.reason}.`;
  throw new CommandError(`${reason}${lastWords(trimmed.stderr)}`, commandLine, trimmed);
}

/** One that was stopped may still have ended in good order. */
function hasSucceeded({ state, code }: Exit): boolean {
  return state === 'succeeded' || (state === 'exited' && code === 0);
}

/** The end of stderr, behind a sentence or below it. */
function lastWords(stderr: string): string {
  const lines = stderr.trimEnd().split('\n');
  const last = lines.slice(-quoted.lines).map((line) => clipped(line.trimEnd(), quoted.line));
  if (stderr.trim() === '') return '';
  return lines.length === 1 ? ` It said: ${last.join('')}` : ` It said:\n${last.join('\n')}`;
}

function clipped(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

function withoutLineBreak(text: string): string {
  return text.replace(/\r?\n$/, '');
}

async function collect(tree: Tree, name: 'stdout' | 'stderr', maxBytes: number): Promise<Collected> {
  const stream = tree[name];
  // It goes elsewhere.
  if (stream.readableFlowing !== null) {
    await finished(stream).catch(() => undefined);
    return { text: '' };
  }
  const chunks: Buffer[] = [];
  let left = maxBytes;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk.subarray(0, left));
    left -= chunk.length;
    if (left >= 0) continue;
    const problem = `it printed more than ${formatBytes(maxBytes)} to ${name}`;
    await tree.stop(problem);
    return { text: Buffer.concat(chunks).toString(), problem };
  }
  return { text: Buffer.concat(chunks).toString() };
}
